import { Counter, Gauge, Registry } from 'prom-client';

export type WebhookResult = 'stored' | 'answered' | 'rejected' | 'too_large' | 'overload' | 'unavailable';

/** The hub's few counters, in Prometheus' text form. No label carries personal data. */
export interface Metrics {
  readonly webhook: (connection: string, result: WebhookResult) => void;
  readonly duplicate: (connection: string, count: number) => void;
  readonly differingBody: (connection: string, count: number) => void;
  readonly effect: (connection: string, state: string) => void;
  readonly inbox: (pending: number, oldestSeconds: number) => void;
  readonly fault: (where: string) => void;
  readonly text: () => Promise<string>;
}

export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const webhooks = new Counter({
    name: 'musubi_webhooks_total',
    help: 'Webhook requests by result',
    labelNames: ['connection', 'result'],
    registers,
  });
  const duplicates = new Counter({
    name: 'musubi_duplicate_events_total',
    help: 'Events whose key was known',
    labelNames: ['connection'],
    registers,
  });
  const differing = new Counter({
    name: 'musubi_differing_bodies_total',
    help: 'Events with a known key and another body: the first one won',
    labelNames: ['connection'],
    registers,
  });
  const effects = new Counter({
    name: 'musubi_effects_total',
    help: 'Attempts of effects by resulting state',
    labelNames: ['connection', 'state'],
    registers,
  });
  const faults = new Counter({
    name: 'musubi_faults_total',
    help: 'Unexpected errors by place',
    labelNames: ['where'],
    registers,
  });
  const pending = new Gauge({ name: 'musubi_inbox_pending', help: 'Inbox rows not done', registers });
  const oldest = new Gauge({
    name: 'musubi_inbox_oldest_seconds',
    help: 'Age of the oldest inbox row not done',
    registers,
  });
  return {
    webhook: (connection, result) => webhooks.inc({ connection, result }),
    duplicate: (connection, count) => duplicates.inc({ connection }, count),
    differingBody: (connection, count) => differing.inc({ connection }, count),
    effect: (connection, state) => effects.inc({ connection, state }),
    inbox: (rows, oldestSeconds) => {
      pending.set(rows);
      oldest.set(oldestSeconds);
    },
    fault: (where) => faults.inc({ where: where.replace(/\d+/g, 'n').slice(0, 60) }),
    text: () => registry.metrics(),
  };
}
