import { OTHER_TEXT, signedRequest, type WebhookTarget } from '../line-webhook.ts';
import { percentile } from '../statistics.ts';
import { type HttpConnection, openConnection } from './http-connection.ts';

export interface ClosedLoop {
  readonly port: number;
  readonly path: string;
  /** Prefix of the event ids of this load. */
  readonly series: string;
  readonly connections: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface ClosedLoopResult {
  /** Events answered 2xx in the measured seconds, per second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Numbers of all events that were answered 2xx, warm-up included. */
  readonly acked: readonly number[];
  /** Answered otherwise than 2xx, or not at all. */
  readonly refused: number;
}

/** Requests that are signed before the load begins; a service that is faster still gets them signed on the way. */
const SIGNED_AHEAD_PER_SECOND = 6_000;
const SIGNED_AHEAD_MOST = 100_000;
const PAUSE_AFTER_FAULT_MS = 100;

/** Every connection sends its next webhook when the last one was answered. Every event is unique. */
export async function runClosedLoop(load: ClosedLoop): Promise<ClosedLoopResult> {
  const target = { host: `127.0.0.1:${load.port}`, path: load.path };
  const next = supply(target, load);
  const acked: number[] = [];
  const latencies: number[] = [];
  let refused = 0;
  const measuredFrom = performance.now() + load.warmUpSeconds * 1000;
  const until = measuredFrom + load.seconds * 1000;

  const drive = async (connection: HttpConnection): Promise<void> => {
    for (let now = performance.now(); now < until; ) {
      const { n, request } = next();
      const status = await connection.send(request).catch(() => 0);
      const answered = performance.now();
      if (status >= 200 && status < 300) {
        acked.push(n);
        if (answered >= measuredFrom && answered < until) latencies.push(answered - now);
      } else {
        refused += 1;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_AFTER_FAULT_MS));
      }
      now = performance.now();
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: load.connections }, () => drive(openConnection(load.port))));
  const p50Ms = percentile(latencies, 0.5);
  return { rate: latencies.length / load.seconds, p50Ms, p99Ms: percentile(latencies, 0.99), acked, refused };
}

function supply(target: WebhookTarget, load: ClosedLoop): () => { n: number; request: Buffer } {
  const ahead = Math.min(SIGNED_AHEAD_MOST, Math.ceil((load.seconds + load.warmUpSeconds) * SIGNED_AHEAD_PER_SECOND));
  const signed: (Buffer | undefined)[] = Array.from({ length: ahead }, (_, n) =>
    signedRequest(target, load.series, n, OTHER_TEXT),
  );
  let given = 0;
  return () => {
    const n = given++;
    const request = signed[n] ?? signedRequest(target, load.series, n, OTHER_TEXT);
    if (n < ahead) signed[n] = undefined;
    return { n, request };
  };
}
