import { URGENCIES, type Urgency } from './urgency.ts';

/** One statement, run to its end. It never rejects. */
export type Turn = () => Promise<void>;

/** A client, or a pool query on its own. Its turns come in the order it asked for them. */
export interface TurnTaker {
  readonly urgency: Urgency;
  readonly turns: Turn[];
  isQueued: boolean;
}

/** So often may more urgent takers go before one that waits; then it has a turn, so that none waits for ever. */
const MAX_PASSES = 8;

/** Whose turn it is: the holder's alone while a transaction is open, else by urgency, then by arrival. */
export class TurnQueue<T extends TurnTaker> {
  readonly #waiting: Readonly<Record<Urgency, T[]>> = { ingest: [], apply: [], report: [] };
  #holder: T | undefined;
  #passes = 0;
  #size = 0;

  /** Turns asked for and not yet given. */
  get size(): number {
    return this.#size;
  }

  get holder(): T | undefined {
    return this.#holder;
  }

  add(taker: T, turn: Turn): void {
    taker.turns.push(turn);
    this.#size++;
    this.#lineUp(taker);
  }

  /** From now on only this taker's turns are given; undefined opens the queue again. */
  hold(taker: T | undefined): void {
    const before = this.#holder;
    this.#holder = taker;
    if (before !== undefined && before !== taker) this.#lineUp(before);
  }

  next(): { readonly taker: T; readonly turn: Turn } | undefined {
    if (this.#holder) return this.#turnOf(this.#holder);
    for (let taker = this.#pick(); taker; taker = this.#pick()) {
      const next = this.#turnOf(taker);
      // A taker that lined up and then became the holder has had its turns already.
      if (next) return next;
    }
    return undefined;
  }

  /** Puts a taker that has more turns behind the others; called when its turn is over. */
  done(taker: T): void {
    this.#lineUp(taker);
  }

  #turnOf(taker: T): { readonly taker: T; readonly turn: Turn } | undefined {
    const turn = taker.turns.shift();
    if (turn === undefined) return undefined;
    this.#size--;
    return { taker, turn };
  }

  #lineUp(taker: T): void {
    if (taker.isQueued || taker === this.#holder || taker.turns.length === 0) return;
    taker.isQueued = true;
    this.#waiting[taker.urgency].push(taker);
  }

  #pick(): T | undefined {
    const levels = URGENCIES.filter((level) => this.#waiting[level].length > 0);
    const [first, passedOver] = levels;
    if (first === undefined) return undefined;
    this.#passes = passedOver === undefined ? 0 : this.#passes + 1;
    const isOverdue = this.#passes > MAX_PASSES;
    if (isOverdue) this.#passes = 0;
    const taker = this.#waiting[isOverdue && passedOver !== undefined ? passedOver : first].shift();
    if (taker) taker.isQueued = false;
    return taker;
  }
}
