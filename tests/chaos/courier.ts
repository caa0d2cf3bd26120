import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpPost, SentEvent } from './events.ts';

/** One answer a sender got, in the order they came; status 0: none came back. */
export interface Answer {
  readonly key: string;
  readonly status: number;
  readonly tookMs: number;
}

/** Posts events as vendors do: again and again, until 2xx. */
export interface Courier {
  /** Resolves when the event was acked. */
  readonly deliver: (event: SentEvent) => Promise<void>;
  readonly post: (post: HttpPost, key?: string) => Promise<Answer>;
  /** Every event ever handed over. */
  readonly sent: readonly SentEvent[];
  /** Append-only: the events that were answered 2xx, each once. */
  readonly acked: readonly SentEvent[];
  readonly answers: readonly Answer[];
  /** Resolves when all events handed over are acked. @throws when some are not within 30 s */
  readonly idle: () => Promise<void>;
  /** No more tries. */
  readonly stop: () => void;
}

const PAUSES_MS = [50, 100, 200, 400];
const PATIENCE_MS = 10_000;
const IDLE_LIMIT_MS = 30_000;

export function createCourier(hubUrl: () => string | null): Courier {
  const sent: SentEvent[] = [];
  const acked: SentEvent[] = [];
  const answers: Answer[] = [];
  const open = new Set<Promise<void>>();
  let isStopped = false;

  const post = async (wanted: HttpPost, key = ''): Promise<Answer> => {
    const url = hubUrl();
    const began = performance.now();
    const status = url === null ? 0 : await statusOf(url, wanted);
    const answer = { key, status, tookMs: performance.now() - began };
    if (url !== null) answers.push(answer);
    return answer;
  };

  const untilAcked = async (event: SentEvent): Promise<void> => {
    for (let tries = 0; !isStopped; tries++) {
      const { status } = await post(tries === 0 ? event.first : event.again, event.key);
      if (status >= 200 && status < 300) {
        acked.push(event);
        return;
      }
      await sleep(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)]);
    }
  };

  return {
    deliver(event) {
      sent.push(event);
      const done = untilAcked(event).finally(() => open.delete(done));
      open.add(done);
      return done;
    },
    post,
    sent,
    acked,
    answers,
    async idle() {
      const until = performance.now() + IDLE_LIMIT_MS;
      while (open.size > 0 && performance.now() < until) await sleep(50);
      if (open.size > 0) throw new Error(`${open.size} events were not acked within ${IDLE_LIMIT_MS} ms`);
    },
    stop: () => {
      isStopped = true;
    },
  };
}

async function statusOf(url: string, { path, headers, body }: HttpPost): Promise<number> {
  try {
    const response = await fetch(url + path, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}
