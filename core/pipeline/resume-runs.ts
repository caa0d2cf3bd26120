import { loadEntities } from '../store/entities.ts';
import { lockDueRuns } from '../store/runs.ts';
import { reached } from '../store/steps.ts';
import type { PipelineContext } from './process-batch.ts';
import { continueRun, firingOf, loadRuleData, reasonOf } from './run-rules.ts';
import { noRuleWrites, writeRules } from './writes.ts';

const BATCH = 100;

/**
 * Continues the runs whose wait is over by the workspace clock: their next steps and the effects of them in one
 * transaction (step S14). Returns how many runs were continued; call again until it returns 0.
 */
export async function resumeRuns(context: PipelineContext): Promise<number> {
  const { db, setup, nowMs, newId } = context;
  return db.transaction(async (tx) => {
    const due = await lockDueRuns(tx, nowMs, BATCH);
    if (due.length === 0) return 0;
    const writes = noRuleWrites();
    const persons = await loadEntities(tx, 'person', [...new Set(due.flatMap((run) => run.personId ?? []))]);
    const rules = due.flatMap((run) => setup.rules.byName.get(run.rule) ?? []);
    const ruleContext = {
      setup,
      nowMs,
      newId,
      writes,
      onFault: (rule: string, error: unknown) => context.onFault({ where: `rule ${rule}`, error }),
    };
    const data = await loadRuleData(tx, persons, rules, ruleContext);
    for (const run of due) {
      const rule = setup.rules.byName.get(run.rule);
      const from = run.position ?? '';
      const fail = (reason: string) =>
        writes.runs.set(run.id, { ...run, state: 'failed', reason, resumeAtMs: null, endedAtMs: nowMs });
      if (!rule) {
        fail('the rule is gone');
        continue;
      }
      const steps = from.startsWith('on.') ? (rule.on[from.split('.')[1] ?? ''] ?? []) : rule.then;
      const answeredEffect = typeof run.vars.answeredEffect === 'string' ? run.vars.answeredEffect : null;
      try {
        continueRun(
          run,
          { rule, steps, from, cause: run.cause, firing: firingOf(run, data), answeredEffect },
          data,
          ruleContext,
        );
      } catch (error) {
        context.onFault({ where: `rule ${run.rule}`, error });
        fail(reasonOf(error));
      }
    }
    await writeRules(tx, writes);
    reached('S14');
    return due.length;
  });
}
