import { ASKING_TEXT, replyToken, signedRequest } from '../line-webhook.ts';
import { percentile } from '../statistics.ts';
import { type HttpConnection, openConnection } from './http-connection.ts';
import type { LineEndpoint } from './line-endpoint.ts';

export interface OpenLoop {
  readonly port: number;
  readonly path: string;
  readonly series: string;
  /** Events a second. */
  readonly rate: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface OpenLoopResult {
  readonly sent: number;
  /** From the instant the webhook was due to leave until the reply was in; without the warm-up. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** From the same instant until the webhook was answered. */
  readonly answerP99Ms: number;
  readonly refused: number;
  /** Events that were answered 2xx and never replied to. */
  readonly lost: number;
  /** Replies beyond the first of an event. */
  readonly doubles: number;
  readonly faults: number;
  /** Numbers of the events that were answered 2xx. */
  readonly acked: readonly number[];
}

/** Replies that are not in this long after the last webhook are lost. */
const PATIENCE_MS = 20_000;

/**
 * Sends at a fixed rate whatever the service does: an event that has to wait for a free connection waits on the clock
 * of the measurement (no coordinated omission).
 */
export async function runOpenLoop(load: OpenLoop, line: LineEndpoint): Promise<OpenLoopResult> {
  const target = { host: `127.0.0.1:${load.port}`, path: load.path };
  const count = Math.round(load.rate * (load.warmUpSeconds + load.seconds));
  const requests = Array.from({ length: count }, (_, n) => signedRequest(target, load.series, n, ASKING_TEXT));
  const startMs = performance.now() + 50;
  const dueMs = (n: number) => startMs + (n * 1000) / load.rate;
  const repliedAt = new Map<number, number>();
  const answeredAt = new Map<number, number>();
  let doubles = 0;
  let refused = 0;

  const numbers = new Map(requests.map((_, n) => [replyToken(load.series, n), n]));
  line.onReply = (token, atMs) => {
    const n = numbers.get(token);
    if (n === undefined) return false;
    if (repliedAt.has(n)) doubles += 1;
    else repliedAt.set(n, atMs);
    return repliedAt.get(n) === atMs;
  };

  const free: HttpConnection[] = [];
  const opened: HttpConnection[] = [];
  const send = async (n: number): Promise<void> => {
    const connection = free.pop() ?? openConnection(load.port);
    if (!opened.includes(connection)) opened.push(connection);
    const status = await connection.send(requests[n] as Buffer).catch(() => 0);
    if (status >= 200 && status < 300) answeredAt.set(n, performance.now());
    else refused += 1;
    free.push(connection);
  };

  const faultsBefore = line.faults();
  const under: Promise<void>[] = [];
  while (under.length < count) {
    while (under.length < count && dueMs(under.length) <= performance.now()) under.push(send(under.length));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(under);
  const giveUpMs = performance.now() + PATIENCE_MS;
  const isMissing = () => [...answeredAt.keys()].some((n) => !repliedAt.has(n));
  while (isMissing() && performance.now() < giveUpMs) await new Promise((resolve) => setTimeout(resolve, 20));
  // time for one reply too many to show
  await new Promise((resolve) => setTimeout(resolve, 300));
  line.onReply = () => false;
  for (const connection of opened) connection.close();

  const isMeasured = ([n]: [number, number]) => n >= load.rate * load.warmUpSeconds;
  const times = (at: Map<number, number>) => [...at].filter(isMeasured).map(([n, ms]) => ms - dueMs(n));
  const toReply = times(repliedAt);
  return {
    sent: count,
    p50Ms: percentile(toReply, 0.5),
    p99Ms: percentile(toReply, 0.99),
    maxMs: percentile(toReply, 1),
    answerP99Ms: percentile(times(answeredAt), 0.99),
    refused,
    lost: [...answeredAt.keys()].filter((n) => !repliedAt.has(n)).length,
    doubles,
    faults: line.faults() - faultsBefore,
    acked: [...answeredAt.keys()],
  };
}
