/** One appended consent fact. */
export interface ConsentFact {
  readonly channel: string;
  readonly purpose: string;
  readonly status: 'granted' | 'withdrawn' | 'denied' | 'unknown';
  readonly atMs: number;
  /** Interactive, with wording, URL and time: a person raised it with one's own hands. */
  readonly isInteractive: boolean;
}

export type Standing = 'granted' | 'withdrawn' | 'denied' | 'unknown';

/**
 * The consent that stands per channel: newest wins, but a withdrawal is raised again only by evidence that is
 * interactive, complete and newer; a "granted" that comes from a sync or an import never does. Pure.
 */
export function standingConsents(facts: readonly ConsentFact[], purpose = 'promotion'): Record<string, Standing> {
  const standing: Record<string, Standing> = {};
  for (const fact of [...facts].sort((a, b) => a.atMs - b.atMs || strictness(a) - strictness(b))) {
    if (fact.purpose !== purpose || fact.status === 'unknown') continue;
    const now = standing[fact.channel];
    const isWithdrawn = now === 'withdrawn' || now === 'denied';
    if (fact.status === 'granted' && isWithdrawn && !fact.isInteractive) continue;
    standing[fact.channel] = fact.status;
  }
  return standing;
}

/** At one instant the strictest is read last, so that it stands. */
const strictness = (fact: ConsentFact) => (fact.status === 'granted' ? 0 : 1);
