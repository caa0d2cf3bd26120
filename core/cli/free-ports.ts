import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Environment } from '../config/environment.ts';

/** `${NAME:-http://127.0.0.1:7101}` in musubi.yaml: an address that a variable of the environment moves. */
const MOVABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*):-http:\/\/(?:127\.0\.0\.1|localhost):(\d+)\/?\}/g;

/**
 * The environment that gives a workspace's demo ports of its own, so that it runs beside another. Addresses of one port stay
 * together; the workspace's public URL follows the hub.
 */
export async function environmentOfFreePorts(folder: string, hubPort: number): Promise<Environment> {
  const text = readFileSync(path.join(folder, 'musubi.yaml'), 'utf8');
  const addresses = [...text.matchAll(MOVABLE)].map(([, name = '', port = '']) => ({ name, port: Number(port) }));
  const wanted = [...new Set([hubPort, ...addresses.map(({ port }) => port)])];
  const free = await freePorts(wanted.length);
  const ports = new Map(wanted.map((port, at) => [port, free[at] ?? 0]));
  return {
    ...Object.fromEntries(addresses.map(({ name, port }) => [name, `http://127.0.0.1:${ports.get(port)}`])),
    MUSUBI_PORT: String(ports.get(hubPort)),
    MUSUBI_SANDBOX_PORT: '0',
  };
}

/** Ports that nobody listens on just now. They are held together until all are known, so no two are equal. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
