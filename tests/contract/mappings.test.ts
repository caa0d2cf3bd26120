import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SourceRecord } from '#sdk';
import { createExpressionCompiler } from '../../core/config/expressions.ts';
import { loadMappings } from '../../core/config/load-mappings.ts';
import type { Problem } from '../../core/config/problem.ts';
import { checkMapping } from '../../core/mapping/check-mapping.ts';
import { type CompiledMapping, compileMapping } from '../../core/mapping/compile-mapping.ts';
import { createCalendar } from '../../core/model/calendar.ts';
import { type ConnectorFolder, connectors, isDone, MAPPINGS } from './support/connectors.ts';
import { rawOf, receiverOf, requestOf } from './support/requests.ts';

const timeZone = 'Asia/Tokyo';
const workspace = { customFields: {}, events: {} };
const expressions = createExpressionCompiler(workspace);
const calendar = createCalendar({ timeZone });
const mapped = connectors.filter((folder) => isDone(folder, 'mappings'));

describe.each(mapped.map((folder) => [folder.id, folder] as const))(
  'the shipped mappings of connectors/%s',
  (id, folder) => {
    it('can be loaded, and their own tests hold', () => {
      const { problems, loaded } = mappingsOf(id);
      expect(problems).toEqual([]);
      for (const one of loaded) expect(checkMapping(one, compiled(one))).toEqual([]);
    });

    it('read every sample into canonical fields without a value held back', async () => {
      const { loaded } = mappingsOf(id);
      const byObject = new Map(loaded.map((one) => [one.object, compiled(one)]));
      for (const { name, record } of await recordsOf(folder)) {
        const { problems } = entityOf(byObject.get(record.object), record);
        expect([name, record.object, problems]).toEqual([name, record.object, []]);
      }
    });
  },
);

const compiled = (one: Parameters<typeof compileMapping>[0]) => compileMapping(one, { ...workspace, calendar });

function mappingsOf(id: string) {
  const folder = new URL(`${id}/`, MAPPINGS);
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.yaml')) : [];
  const files = names.map((name) => ({
    path: `${id}/${name}`,
    file: `mappings/${id}/${name}`,
    text: readFileSync(new URL(name, folder), 'utf8'),
    version: 'contract',
    isShipped: true,
  }));
  const problems: Problem[] = [];
  const connections = { contract: id };
  return {
    problems,
    loaded: loadMappings(files, { connectors: {}, connections, ...workspace, expressions, problems }),
  };
}

/** What the samples become, as far as they are stored. */
async function recordsOf(folder: ConnectorFolder): Promise<{ name: string; record: SourceRecord }[]> {
  const receiver = await receiverOf(folder);
  const stored = folder.fixture.webhook?.samples.filter(({ events }) => events > 0) ?? [];
  return stored.flatMap((sample) => {
    const raw = rawOf(sample);
    const { events } = receiver.split(requestOf(receiver, sample, raw, receiver.sign(raw)));
    const records = events.flatMap((event) => receiver.parse(event).records ?? []);
    return records.map((record) => ({ name: sample.name, record }));
  });
}

function entityOf(mapping: CompiledMapping | undefined, { id, data, modifiedAtMs }: SourceRecord) {
  if (!mapping) throw new Error('no mapping was loaded');
  return mapping.toEntity(data, { connection: 'contract', remoteId: id, modifiedAtMs, timeZone });
}
