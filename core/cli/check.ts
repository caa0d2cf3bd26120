import type { Workspace } from '../config/workspace.ts';
import { checkConnections } from './check-connections.ts';
import type { CommandContext } from './command-context.ts';
import { problemLine, readWorkspace, shownPath } from './read-workspace.ts';
import type { Terminal } from './terminal.ts';

/** `musubi check`: every problem of every file in one run; without one, what was found. Opens nothing, calls nobody. */
export async function check(context: CommandContext): Promise<number> {
  const { terminal, settings } = context;
  const { folder, connectors, workspace, problems: found } = await readWorkspace(context);
  const connections = await checkConnections({ folder, env: settings.env, connectors, hubPort: settings.port });
  const problems = [...found, ...connections.problems];
  for (const problem of problems) terminal.print(problemLine(problem, folder));
  for (const warning of connections.warnings) {
    terminal.warn(`${terminal.pick('注意：', 'warning: ')}${problemLine(warning, folder)}`);
  }
  if (problems.length === 0 && workspace) {
    showFound(workspace, shownPath(folder, folder), terminal);
    return 0;
  }
  terminal.warn(
    terminal.pick(
      `問題が${problems.length}件あります。`,
      `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`,
    ),
  );
  return 1;
}

function showFound(workspace: Workspace, folder: string, { print, say, pick }: Terminal): void {
  const connections = Object.values(workspace.connections);
  const mappings = Map.groupBy(workspace.mappings, (one) => one.connector);
  const tests = [...workspace.mappings.map((one) => one.definition.tests), ...workspace.rules.map((one) => one.tests)];
  say(`問題はありません：${folder}（${workspace.name}）`, `No problems: ${folder} (${workspace.name})`);
  const line = (label: string, count: number, names: readonly string[]) =>
    print(`  ${label} ${count}${names.length > 0 ? `: ${names.join(', ')}` : ''}`);
  line(
    pick('接続', 'connections'),
    connections.length,
    connections.map(({ name, connector }) => (name === connector ? name : `${name} (${connector})`)),
  );
  line(
    pick('マッピング', 'mappings'),
    workspace.mappings.length,
    [...mappings].map(([connector, own]) => `${connector} ${own.length}`),
  );
  line(
    pick('ルール', 'rules'),
    workspace.rules.length,
    workspace.rules.map(({ name }) => name),
  );
  line(pick('テスト（musubi test で実行）', 'tests (run them with musubi test)'), tests.flat().length, []);
}
