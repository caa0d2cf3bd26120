import type { DealStatus } from './codes.ts';

/** What the metadata of a stage says; the label says nothing. */
export interface StageMetadata {
  readonly isClosed: boolean;
  readonly isWon: boolean;
}

/** Deal status from the metadata of the stage: won when won, lost when closed without, else open. */
export function statusOfStage({ isClosed, isWon }: StageMetadata): DealStatus {
  if (isWon) return 'won';
  return isClosed ? 'lost' : 'open';
}

export const isClosedStatus = (status: DealStatus | undefined): boolean => status === 'won' || status === 'lost';

export interface DealState {
  readonly status: DealStatus | undefined;
  /** Epoch ms. */
  readonly closedAt: number | undefined;
}

/**
 * The state after a status is seen at `atMs`: `closedAt` is set when the status leaves open, stays while the deal is closed (also from
 * lost to won) and is emptied when it is open again. Idempotent.
 */
export function withStatus(before: DealState, status: DealStatus, atMs: number): DealState {
  if (!isClosedStatus(status)) return { status, closedAt: undefined };
  return { status, closedAt: isClosedStatus(before.status) ? (before.closedAt ?? atMs) : atMs };
}
