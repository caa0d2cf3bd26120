import { connect, type Socket } from 'node:net';

/** One keep-alive connection with one request under way at a time. */
export interface HttpConnection {
  /** Sends a whole request; resolves with the status when the whole answer is in, rejects when the connection breaks. */
  readonly send: (request: Buffer) => Promise<number>;
  readonly close: () => void;
}

interface Waiting {
  readonly resolve: (status: number) => void;
  readonly reject: (error: Error) => void;
}

const END_OF_HEAD = '\r\n\r\n';
const ANSWER_LIMIT_MS = 30_000;

/**
 * A client that costs little, so that the load leaves the machine to what is measured: it understands answers with a
 * Content-Length, which is all our services give, and takes anything else for a fault.
 */
export function openConnection(port: number): HttpConnection {
  let socket: Socket | undefined;
  let waiting: Waiting | undefined;
  let received: Buffer = Buffer.alloc(0);

  const fail = (error: Error) => {
    socket?.destroy();
    socket = undefined;
    received = Buffer.alloc(0);
    const { reject } = waiting ?? {};
    waiting = undefined;
    reject?.(error);
  };
  const take = (chunk: Buffer) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const answer = wholeAnswer(received);
    if (answer === 'incomplete') return;
    if (answer === 'unreadable' || !waiting) return fail(new Error('an answer that cannot be read'));
    received = Buffer.alloc(0);
    const { resolve } = waiting;
    waiting = undefined;
    resolve(answer);
  };
  const open = (): Socket => {
    const opened = connect({ host: '127.0.0.1', port, noDelay: true });
    opened.setTimeout(ANSWER_LIMIT_MS, () => opened === socket && waiting && fail(new Error('no answer in time')));
    opened.on('data', take);
    opened.on('error', (error) => opened === socket && fail(error));
    opened.on('close', () => opened === socket && fail(new Error('the connection was closed')));
    return opened;
  };

  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        socket ??= open();
        socket.write(request);
      }),
    close() {
      const closing = socket;
      socket = undefined;
      closing?.destroy();
    },
  };
}

/** The status of an answer that is there to its last byte. */
export function wholeAnswer(bytes: Buffer): number | 'incomplete' | 'unreadable' {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end < 0) return 'incomplete';
  const head = bytes.toString('latin1', 0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  const status = Number(head.slice(9, 12));
  if (length === undefined || !head.startsWith('HTTP/1.1 ') || !Number.isInteger(status)) return 'unreadable';
  const missing = end + END_OF_HEAD.length + Number(length) - bytes.length;
  if (missing > 0) return 'incomplete';
  return missing === 0 ? status : 'unreadable';
}
