import { channel } from 'node:diagnostics_channel';

/** The steps of docs/delivery.md at which a crash is survived. */
export type Step =
  | 'S0'
  | 'S1'
  | 'S2'
  | 'S3'
  | 'S4'
  | 'S5'
  | 'S6'
  | 'S7'
  | 'S8'
  | 'S9'
  | 'S10'
  | 'S11'
  | 'S12'
  | 'S13'
  | 'S14';

const steps = channel('musubi:step');

/** Announces that a step was reached. Nobody listens in a normal start; the chaos hook kills the process here. */
export function reached(step: Step): void {
  if (steps.hasSubscribers) steps.publish({ step });
}
