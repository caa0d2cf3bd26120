import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { actionFiles, type ConnectorFolder, connectors, hasFile, isDone } from './support/connectors.ts';
import { type Manifest, manifestSchema, QUESTIONS, type Question } from './support/manifest-schema.ts';

it('finds connectors to check', () => {
  expect(connectors.length).toBeGreaterThan(0);
});

describe.each(connectors.map((folder) => [folder.id, folder] as const))('connectors/%s', (id, folder) => {
  const manifest = (): Manifest => manifestSchema.parse(folder.manifest);

  it('can be loaded: manifest.yaml, index.ts, fixtures/contract.ts', () => {
    expect(folder.problems).toEqual([]);
  });

  it('has a complete manifest whose id is the folder', () => {
    expect(manifest().id).toBe(id);
    expect(new Set(manifest().limits.map(({ name }) => name)).size).toBe(manifest().limits.length);
  });

  it('answers every question of quality, and exempts itself only from what does not apply', () => {
    expect(Object.keys(manifest().quality).toSorted()).toEqual(QUESTIONS.toSorted());
    const exempted = QUESTIONS.filter((question) => typeof answerTo(folder, question) === 'object').filter(
      (question) => 'exempt' in (answerTo(folder, question) as object),
    );
    expect(exempted.filter((question) => appliesTo(folder, question))).toEqual([]);
  });

  it('names files of its own that exist', () => {
    const places = [manifest().docs, ...manifest().limits.map(({ source }) => source)];
    const missing = places.filter((place) => !place.startsWith('https://') && !hasFile(new URL(place, folder.url)));
    expect(missing).toEqual([]);
  });

  it('declares class and kind of every action file and of nothing else', () => {
    const files = actionFiles(folder).toSorted();
    expect(Object.keys(manifest().actions).toSorted()).toEqual(files);
    expect(Object.keys(folder.definition.actions ?? {}).toSorted()).toEqual(files);
    expect(Object.keys(folder.fixture.actions ?? {}).toSorted()).toEqual(files);
  });

  it('can look for an effect exactly where its class is C', async () => {
    for (const [name, load] of Object.entries(folder.definition.actions ?? {})) {
      const { probe } = (await load()).default;
      expect([name, probe !== undefined]).toEqual([name, manifest().actions[name]?.class === 'C']);
    }
  });

  it('gives every object file, and the contract of its webhook', () => {
    const files = folder.files.flatMap((file) => /^objects\/([^/]+)\.ts$/.exec(file)?.[1] ?? []);
    expect(Object.keys(folder.definition.objects ?? {}).toSorted()).toEqual(files.toSorted());
    expect(folder.definition.webhook !== undefined).toBe(folder.files.includes('webhook.ts'));
    expect(folder.fixture.webhook !== undefined).toBe(folder.files.includes('webhook.ts'));
    expect(folder.definition.sandbox, 'a connector without a sandbox cannot be tried').toBeDefined();
  });

  it.runIf(isDone(folder, 'read_by_id'))('can read records by id, as it says', async () => {
    const parts = await Promise.all(Object.values(folder.definition.objects ?? {}).map((load) => load()));
    expect(parts.some(({ default: part }) => part.read !== undefined)).toBe(true);
  });

  it.each(['README.md', 'README.ja.md'])('has a %s that says something', (file) => {
    expect(folder.files).toContain(file);
    expect(readFileSync(new URL(file, folder.url), 'utf8').length).toBeGreaterThan(500);
  });

  it('writes its Japanese README in Japanese', () => {
    const text = readFileSync(new URL('README.ja.md', folder.url), 'utf8');
    expect((text.match(/[ぁ-ん]/g) ?? []).length).toBeGreaterThan(100);
  });

  it('imports #sdk, zod, node: modules, its own files and declared packages, nothing else', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', folder.url), 'utf8'));
    expect(foreignImports(folder, Object.keys(dependencies))).toEqual([]);
  });

  it('keeps secrets out of its files', () => {
    const yaml = parse(readFileSync(new URL('manifest.yaml', folder.url), 'utf8'));
    expect(JSON.stringify(yaml)).not.toMatch(/xox[bp]-\d|AKIA[0-9A-Z]{16}/);
  });
});

const answerTo = ({ manifest }: ConnectorFolder, question: Question) => manifest.quality?.[question];

/** Whether the suite has something to check for a question. */
function appliesTo({ definition, fixture }: ConnectorFolder, question: Question): boolean {
  const hasActions = Object.keys(definition.actions ?? {}).length > 0;
  if (question === 'signed_time') return fixture.webhook?.windowSeconds !== undefined;
  if (question === 'signature' || question === 'dedup' || question === 'hostile_bodies')
    return fixture.webhook !== undefined;
  if (question === 'error_kinds' || question === 'effect_once' || question === 'secrets_hidden') return hasActions;
  return question === 'mappings' && fixture.webhook?.samples.some(({ objects = [] }) => objects.length > 0) === true;
}

/** A declared package, or another one of its vendor: the same npm scope. */
const isOf = (name: string, from: string) =>
  from === name || from.startsWith(`${name}/`) || (name.startsWith('@') && from.startsWith(`${name.split('/')[0]}/`));

function foreignImports({ url, files }: ConnectorFolder, packages: readonly string[]): string[] {
  const isAllowed = (file: string, from: string) => {
    if (from === '#sdk' || from === 'zod' || from.startsWith('node:')) return true;
    if (from.startsWith('.'))
      return new URL(from, new URL(file, url)).href.startsWith(url.href) && from.endsWith('.ts');
    return packages.some((name) => isOf(name, from));
  };
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => {
      const text = readFileSync(new URL(file, url), 'utf8');
      const found = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
      return found.filter((from) => !isAllowed(file, from)).map((from) => `${file}: ${from}`);
    });
}
