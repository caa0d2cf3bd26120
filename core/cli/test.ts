import path from 'node:path';
import type { Problem } from '../config/problem.ts';
import type { Workspace } from '../config/workspace.ts';
import { checkMapping } from '../mapping/check-mapping.ts';
import { compileMapping } from '../mapping/compile-mapping.ts';
import { createCalendar } from '../model/calendar.ts';
import { testRule } from '../rules/test-rule.ts';
import { ConfigError } from '../sdk/errors.ts';
import type { CommandContext } from './command-context.ts';
import { problemLine, readWorkspace, shownPath } from './read-workspace.ts';

interface TestedFile {
  readonly file: string;
  readonly tests: number;
  readonly failures: readonly Problem[];
}

/**
 * `musubi test [path]`: the own tests of every mapping and rule that applies, one line a file. With a path, only those of the file
 * or folder. A file without tests is pointed out and fails nothing.
 */
export async function test(context: CommandContext, only: string | undefined): Promise<number> {
  const { terminal } = context;
  const { folder, workspace, problems } = await readWorkspace(context);
  if (!workspace) {
    for (const problem of problems) terminal.print(problemLine(problem, folder));
    return 1;
  }
  const files = runTests(workspace).filter(({ file }) => isUnder(path.resolve(folder, file), only));
  if (files.length === 0 && only !== undefined) {
    const message = `[test] no mapping or rule that applies stands under ${only}: name one of the workspace's files or folders`;
    throw new ConfigError(message, { code: 'test_path_unknown' });
  }
  for (const tested of files) showTested(tested, folder, context);
  const failed = files.flatMap(({ failures }) => failures).length;
  const total = files.reduce((sum, { tests }) => sum + tests, 0);
  terminal.say(
    failed === 0 ? `テスト${total}件、すべて成功` : `テスト${total}件、失敗${failed}件`,
    `${counted(total, 'test')}, ${failed === 0 ? 'all hold' : counted(failed, 'failure')}`,
  );
  return failed === 0 ? 0 : 1;
}

function runTests(workspace: Workspace): TestedFile[] {
  const { timeZone, customFields, events } = workspace;
  const calendar = createCalendar(workspace.calendar);
  const mappings = workspace.mappings.map((loaded) => ({
    file: loaded.file,
    tests: loaded.definition.tests.length,
    failures: checkMapping(loaded, compileMapping(loaded, { customFields, events, calendar }), { timeZone }),
  }));
  const rules = workspace.rules.map((rule) => ({
    file: rule.file,
    tests: rule.tests.length,
    failures: testRule(rule, { calendar, timeZone, customFields }),
  }));
  return [...mappings, ...rules];
}

function showTested({ file, tests, failures }: TestedFile, folder: string, { terminal }: CommandContext): void {
  const shown = shownPath(file, folder);
  if (tests === 0) {
    terminal.print(`-       ${shown}  ${terminal.pick('テストがありません', 'has no tests')}`);
  } else if (failures.length === 0) {
    terminal.print(`ok      ${shown}  ${tests}`);
  } else {
    for (const failure of failures) terminal.print(`FAILED  ${problemLine(failure, folder)}`);
  }
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

function isUnder(file: string, only: string | undefined): boolean {
  if (only === undefined) return true;
  const wanted = path.resolve(only);
  return file === wanted || file.startsWith(wanted + path.sep);
}
