import { describe, expect, it } from 'vitest';
import type { ActionOutcome } from '#sdk';
import { actionFiles, connectors, isDone } from './support/connectors.ts';
import { type OpenAction, openAction } from './support/open-connector.ts';

const acting = connectors.flatMap((folder) =>
  actionFiles(folder).map(
    (action) => [`${folder.id}.${action}`, folder, action, folder.manifest.actions?.[action]?.class ?? 'none'] as const,
  ),
);
const AGAIN = { attempt: 2, isAfterUnknown: true };

describe.skipIf(acting.length === 0).each(acting)('%s', (_name, folder, action, effectClass) => {
  const afterUnknown = folder.fixture.actions?.[action]?.afterUnknown ?? 'never';
  const isRepeated = effectClass !== 'D' || afterUnknown === 'resend';
  const itOnceIf = (applies: boolean) => it.runIf(applies && isDone(folder, 'effect_once'));

  /** The second attempt, by the rule of the class. */
  const repeat = async (open: OpenAction): Promise<ActionOutcome> => {
    const found = effectClass === 'C' ? await open.probe() : null;
    if (found) return found;
    const attempt = await open.perform(AGAIN);
    if ('error' in attempt) throw attempt.error;
    return attempt.outcome;
  };

  itOnceIf(isRepeated)('exists once when it is repeated after its answer was lost', async () => {
    await using open = await openAction(folder, action);
    await open.fault({ kind: 'answer_lost' });
    expect(await open.perform()).toMatchObject({ error: { kind: 'retryable', outcome: 'unknown' } });
    const stateAfterFirst = await open.state();
    expect(await repeat(open)).toMatchObject({ status: 'confirmed' });
    expect(await open.state()).toEqual(stateAfterFirst);
    // Class A writes the same state again; all others must not act a second time.
    if (effectClass !== 'A') expect(open.effects()).toBe(1);
  });

  itOnceIf(isRepeated)('exists once when it is repeated after a request that never arrived', async () => {
    await using open = await openAction(folder, action);
    await open.fault({ kind: 'reset' });
    expect(await open.perform()).toMatchObject({ error: { kind: 'retryable' } });
    expect(open.effects()).toBe(0);
    expect(await repeat(open)).toMatchObject({ status: 'confirmed' });
    expect(open.effects()).toBe(1);
  });

  itOnceIf(effectClass === 'B' || effectClass === 'C')(
    'is not taken for another effect that looks the same',
    async () => {
      await using open = await openAction(folder, action);
      for (const effectKey of ['contract-effect-1', 'contract-effect-2']) {
        expect(await open.perform({ effectKey })).toMatchObject({ outcome: { status: 'confirmed' } });
      }
      expect(open.effects()).toBe(2);
    },
  );

  itOnceIf(effectClass === 'C')('is surely absent before it is sent, though another one like it is there', async () => {
    await using open = await openAction(folder, action);
    expect(await open.probe()).toBeNull();
    expect(await open.perform({ effectKey: 'contract-effect-2' })).toMatchObject({ outcome: { status: 'confirmed' } });
    expect(await open.probe()).toBeNull();
    expect(await open.probe({ effectKey: 'contract-effect-2' })).toMatchObject({ status: 'confirmed' });
  });

  itOnceIf(!isRepeated)(
    'says that its outcome is unknown when the answer was lost, and has acted once at most',
    async () => {
      await using open = await openAction(folder, action);
      await open.fault({ kind: 'answer_lost' });
      expect(await open.perform()).toMatchObject({ error: { kind: 'retryable', outcome: 'unknown' } });
      expect(open.effects()).toBeLessThanOrEqual(1);
    },
  );
});
