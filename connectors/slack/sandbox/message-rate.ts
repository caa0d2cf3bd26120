/** Messages per channel: about one a second, bursts allowed. https://docs.slack.dev/apis/web-api/rate-limits */
export interface MessageRate {
  /** Takes one; 0 when there was one, else the seconds to wait. */
  readonly take: (channel: string) => number;
  readonly configure: (perSecond: number, burst: number) => void;
}

/** Counts in real time, as the vendor would, whatever the sandbox clock says. */
export function createMessageRate(realMs: () => number): MessageRate {
  let perSecond = 1;
  // Slack publishes no number for its bursts; generous, so that only a real flood meets the limit.
  let burst = 100;
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    configure: (rate, size) => {
      perSecond = rate;
      burst = size;
      buckets.clear();
    },
    take: (channel) => {
      const nowMs = realMs();
      const { tokens, atMs } = buckets.get(channel) ?? { tokens: burst, atMs: nowMs };
      const filled = Math.min(burst, tokens + ((nowMs - atMs) / 1000) * perSecond);
      const isFree = filled >= 1;
      buckets.set(channel, { tokens: isFree ? filled - 1 : filled, atMs: nowMs });
      return isFree ? 0 : Math.max(1, Math.ceil((1 - filled) / perSecond));
    },
  };
}
