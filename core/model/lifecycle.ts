import { type BuyerStage, type LifecycleStage, lifecycleStages, orderedLifecycleStages } from './codes.ts';

export interface LifecycleMove {
  readonly current: LifecycleStage | undefined;
  readonly proposed: LifecycleStage;
  /** The furthest ordered stage ever reached, so that a side state (休眠, 離反 …) is no way back. */
  readonly peak?: LifecycleStage | undefined;
  /** Lets the person move back; a decision of an operator or of a mapping that says so. */
  readonly allowRegress?: boolean;
}

/** True for a code of ours. */
export const isLifecycleStage = (code: unknown): code is LifecycleStage =>
  lifecycleStages.some((stage) => stage.code === code);

/** Position from 0 (subscriber) to 8 (advocate); undefined for the side states, which have none. */
export function lifecycleOrder(stage: LifecycleStage): number | undefined {
  const index = orderedLifecycleStages.findIndex(({ code }) => code === stage);
  return index < 0 ? undefined : index;
}

/**
 * The stage after a proposed move. Forward always; back only with `allowRegress`; into a side state and out of it always, but out of it
 * not below `peak`. A refused move leaves `current`. Idempotent.
 */
export function nextLifecycleStage({ current, proposed, peak, allowRegress = false }: LifecycleMove): LifecycleStage {
  if (current === undefined || allowRegress) return proposed;
  const to = lifecycleOrder(proposed);
  const floor = lifecycleOrder(current) ?? (peak === undefined ? undefined : lifecycleOrder(peak));
  return to === undefined || floor === undefined || to >= floor ? proposed : current;
}

/** The further of two stages: what `peak` becomes after a move. Side states do not count. */
export function lifecyclePeak(peak: LifecycleStage | undefined, stage: LifecycleStage): LifecycleStage | undefined {
  const order = lifecycleOrder(stage);
  if (order === undefined) return peak;
  return peak !== undefined && (lifecycleOrder(peak) ?? -1) > order ? peak : stage;
}

/** Orders from which a buyer counts as regular and loyal. */
export interface BuyerStageLimits {
  readonly regular: number;
  readonly loyal: number;
}

/** New with 1 order, regular 一般 from 2, loyal 優良 from 5; the limits are settings. Undefined without an order. */
export function buyerStageOf(
  orders: number,
  limits: BuyerStageLimits = { regular: 2, loyal: 5 },
): BuyerStage | undefined {
  if (orders < 1) return undefined;
  if (orders >= limits.loyal) return 'loyal';
  return orders >= limits.regular ? 'regular' : 'new';
}
