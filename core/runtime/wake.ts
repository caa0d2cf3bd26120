/** An in-process signal: many wakes while one is handled are one. */
export interface Wake {
  readonly wake: () => void;
  /** Resolves at the next wake, at once if one came since the last wait, or after `timeoutMs`. */
  readonly wait: (timeoutMs: number) => Promise<void>;
}

export function createWake(): Wake {
  let isAwake = false;
  let resume: (() => void) | null = null;
  return {
    wake() {
      isAwake = true;
      resume?.();
    },
    async wait(timeoutMs) {
      if (!isAwake) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      resume = null;
      isAwake = false;
    },
  };
}
