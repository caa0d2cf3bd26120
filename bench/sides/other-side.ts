import { fork } from 'node:child_process';
import path from 'node:path';
import { message } from '../load/load-client.ts';
import type { BenchOptions } from '../options.ts';
import { openEventStore } from '../others/event-store.ts';
import type { ServiceSettings } from '../others/service.ts';
import { namedUrl, type Place } from '../place.ts';
import { endProcess } from '../processes.ts';
import type { Side } from './side.ts';

export type OtherName = 'fastify-bare' | 'fastify-insert' | 'fastify-group-commit' | 'fastify-insert-reply';

export interface OtherSideOptions extends Pick<BenchOptions, 'store' | 'databaseUrl'> {
  readonly place: Place;
  readonly lineUrl: string;
}

/** One of the hand-written services of bench/others, on the same kind of store as the hub. */
export async function startOther(
  name: OtherName,
  { place, store, databaseUrl, lineUrl }: OtherSideOptions,
): Promise<Side> {
  const application = `bench-${name}-${process.pid}`;
  const settings: ServiceSettings = {
    databaseUrl: store === 'postgres' ? namedUrl(databaseUrl, application) : undefined,
    schema: place.schema(name),
    dataDir: path.join(place.folder, name),
    lineUrl,
  };
  const began = performance.now();
  const script = path.join(import.meta.dirname, '..', 'others', `${name}.ts`);
  const child = fork(script, [JSON.stringify(settings)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const { url } = await message<{ url: string }>(child);
  return {
    name,
    pid: child.pid as number,
    port: Number(new URL(url).port),
    path: '/webhook',
    startMs: performance.now() - began,
    application,
    drained: async () => {},
    close: () => endProcess(child),
    async storedIds() {
      if (name === 'fastify-bare') return null;
      const opened = await openEventStore(settings);
      return new Set(await opened.ids().finally(opened.close));
    },
    states: async () => null,
  };
}
