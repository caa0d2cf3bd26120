import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A wire that can be cut, in front of a server. */
export interface TcpProxy {
  readonly port: number;
  /** Nothing passes until `flow`; connections stay open. */
  readonly hold: () => void;
  readonly flow: () => void;
  /** The connections there are now never pass anything again and are not closed, as behind a firewall that forgot them; new ones work. */
  readonly forget: () => void;
  readonly close: () => Promise<void>;
}

interface Wire {
  readonly near: Socket;
  readonly far: Socket;
  isForgotten: boolean;
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const wires = new Set<Wire>();
  let isHeld = false;
  const server = createServer({ pauseOnConnect: true }, (near) => {
    const far = connect(target.port, target.host);
    const wire: Wire = { near, far, isForgotten: false };
    wires.add(wire);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => undefined);
      from.on('data', (chunk) => {
        if (!wire.isForgotten) to.write(chunk);
      });
      from.on('close', () => {
        if (wire.isForgotten) return;
        to.destroy();
        wires.delete(wire);
      });
    }
    if (isHeld) far.pause();
    else near.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const live = () => [...wires].filter((one) => !one.isForgotten);
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    hold() {
      isHeld = true;
      for (const { near, far } of live()) {
        near.pause();
        far.pause();
      }
    },
    flow() {
      isHeld = false;
      for (const { near, far } of live()) {
        near.resume();
        far.resume();
      }
    },
    forget() {
      for (const wire of wires) wire.isForgotten = true;
    },
    async close() {
      for (const { near, far } of wires) {
        near.destroy();
        far.destroy();
      }
      server.close();
      await once(server, 'close');
    },
  };
}
