import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { AuthError, type HubError, RejectedError, RetryableError, settingsMarked } from '#sdk';
import { actionFiles, type ConnectorFolder, connectors, isDone } from './support/connectors.ts';
import { type Attempt, openAction, type SandboxFault } from './support/open-connector.ts';

const acting = connectors.flatMap((folder) =>
  actionFiles(folder).map((action) => [`${folder.id}.${action}`, folder, action] as const),
);

describe.skipIf(acting.length === 0).each(acting)('%s', (_name, folder, action) => {
  const itDone = it.runIf(isDone(folder, 'error_kinds'));
  const says = folder.fixture.actions?.[action]?.faults ?? {};
  const errorAfter = async (fault: SandboxFault): Promise<HubError> => {
    await using open = await openAction(folder, action);
    await open.fault(fault);
    return errorOf(await open.perform());
  };
  const errorOf = (attempt: Attempt): HubError => {
    if (!('error' in attempt)) throw new Error(`expected an error, got ${JSON.stringify(attempt.outcome)}`);
    if (isDone(folder, 'secrets_hidden')) expectNoSecret(folder, attempt.error);
    return attempt.error;
  };

  itDone('is confirmed when the vendor takes it, and has one effect', async () => {
    await using open = await openAction(folder, action);
    expect(await open.perform()).toMatchObject({ outcome: { status: 'confirmed' } });
    expect(open.effects()).toBe(1);
  });

  itDone('asks for new credentials after 401', async () => {
    expect(await errorAfter(says.auth ?? { status: 401 })).toBeInstanceOf(AuthError);
  });

  itDone('waits as long as the vendor says after 429', async () => {
    const error = await errorAfter(says.limited ?? { status: 429, headers: { 'retry-after': '7' } });
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outcome: 'not_applied', retryAfterMs: 7000 });
  });

  itDone('does not know the outcome after 500', async () => {
    const error = await errorAfter(says.unavailable ?? { status: 500 });
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outcome: 'unknown' });
  });

  itDone('gives up after 400', async () => {
    expect(await errorAfter(says.rejected ?? { status: 400 })).toBeInstanceOf(RejectedError);
  });

  itDone('does not know the outcome after a reset', async () => {
    const error = await errorAfter({ kind: 'reset' });
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outcome: 'unknown' });
  });

  itDone('does not take half an answer for a refusal', async () => {
    await using open = await openAction(folder, action);
    await open.fault({ kind: 'bad_json' });
    const attempt = await open.perform();
    if ('error' in attempt) expect(attempt.error).toMatchObject({ kind: 'retryable', outcome: 'unknown' });
    else expect(attempt.outcome.status).toBe('confirmed');
  });

  it.runIf(isDone(folder, 'secrets_hidden'))('hides a secret that the vendor repeats in its answer', async () => {
    const message = `refused: ${secretsOf(folder).join(' ')}`;
    const body = { message, error: message, error_description: message, details: [{ message, property: message }] };
    for (const status of [200, 400, 401, 403, 404, 500]) {
      await using open = await openAction(folder, action);
      await open.fault({ status, body });
      const attempt = await open.perform();
      if ('error' in attempt) errorOf(attempt);
    }
  });

  itDone('ends with its signal when the vendor says nothing', async () => {
    await using open = await openAction(folder, action);
    await open.fault({ kind: 'hang' });
    const startedMs = performance.now();
    const error = errorOf(await open.perform({ signal: AbortSignal.timeout(300) }));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outcome: 'unknown' });
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });

  itDone('knows that nothing happened when nobody listens', async () => {
    await using open = await openAction(folder, action, true);
    const error = errorOf(await open.perform());
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ outcome: 'not_applied' });
  });
});

/** Looks at all that a logger could print: message, detail, stack, causes and their fields. */
function expectNoSecret(folder: ConnectorFolder, error: HubError): void {
  const printed = inspect(error, { depth: 8, showHidden: true });
  for (const secret of secretsOf(folder)) expect(printed).not.toContain(secret);
}

const secretsOf = ({ definition, fixture }: ConnectorFolder): string[] =>
  settingsMarked(definition.config, 'secret')
    .flatMap((name) => fixture.settings[name] ?? [])
    .map(String);
