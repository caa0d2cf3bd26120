import { z } from 'zod';

/** `POST /__sandbox/fault`: what goes wrong, where and how often. Exactly one effect per fault. */
export const faultSchema = z.strictObject({
  method: z.string().optional(),
  /** Start of the path; every path when absent. */
  path: z.string().optional(),
  /** Requests that pass before it begins. */
  after: z.int().min(0).default(0),
  /** Requests it hits. */
  times: z.int().min(1).default(1),
  /** Answer this instead; the request does nothing. */
  status: z.int().optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  /** Wait this long (real time), then go on as usual. */
  latencyMs: z.int().max(60_000).optional(),
  /** `hang`: never answer, do nothing. `reset`: cut the connection, do nothing. `answer_lost`: do it, then cut the
   * connection. `bad_json`: do it, then answer 200 with half of the JSON. */
  kind: z.enum(['hang', 'reset', 'answer_lost', 'bad_json']).optional(),
});

export type Fault = z.infer<typeof faultSchema>;

export interface FaultBook {
  readonly add: (fault: Fault) => void;
  readonly clear: () => void;
  readonly list: () => readonly Fault[];
  /** The fault that hits this request, counted down; undefined when none does. */
  readonly take: (method: string, path: string) => Fault | undefined;
}

/** The faults waiting to happen, in the order they were asked for. */
export function createFaultBook(): FaultBook {
  let waiting: Fault[] = [];
  return {
    add: (fault) => waiting.push({ ...fault }),
    clear: () => {
      waiting = [];
    },
    list: () => waiting,
    take(method, path) {
      const hit = waiting.find((fault) => matches(fault, method, path));
      if (!hit) return undefined;
      if (hit.after > 0) {
        hit.after -= 1;
        return undefined;
      }
      hit.times -= 1;
      if (hit.times === 0) waiting = waiting.filter((fault) => fault !== hit);
      return hit;
    },
  };
}

const matches = (fault: Fault, method: string, path: string) =>
  (fault.method === undefined || fault.method.toUpperCase() === method) &&
  (fault.path === undefined || path.startsWith(fault.path));
