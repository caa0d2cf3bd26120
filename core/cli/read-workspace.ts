import path from 'node:path';
import { type LoadedWorkspace, loadWorkspace } from '../config/load-workspace.ts';
import { formatProblem, type Problem } from '../config/problem.ts';
import { packageRoot } from '../config/process-env.ts';
import { connectorInfos, loadConnectors, type RegisteredConnector } from '../runtime/registry.ts';
import type { CommandContext } from './command-context.ts';
import { workspaceFolder } from './workspace-folder.ts';

export interface ReadWorkspace extends LoadedWorkspace {
  readonly folder: string;
  readonly connectors: ReadonlyMap<string, RegisteredConnector>;
}

/** Reads the workspace's files without opening anything. */
export async function readWorkspace({ folder: named, settings }: CommandContext): Promise<ReadWorkspace> {
  const folder = workspaceFolder(named);
  const connectors = await loadConnectors(path.join(packageRoot, 'connectors'), null);
  const infos = await connectorInfos(connectors);
  const loaded = await loadWorkspace({ folder, shippedFolder: packageRoot, env: settings.env, connectors: infos });
  return { ...loaded, folder, connectors };
}

/** The path of a file that a problem names, from the current folder: terminals and editors open it with a click. */
export function shownPath(file: string, folder: string): string {
  const shown = path.relative(process.cwd(), path.resolve(folder, file));
  return shown === '' ? '.' : shown;
}

/** A problem as one line, with its path from the current folder. */
export const problemLine = (problem: Problem, folder: string): string =>
  formatProblem({ ...problem, file: shownPath(problem.file, folder) });
