import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { commands } from '../core/cli/commands.ts';
import { type LoadedWorkspace, loadWorkspace } from '../core/config/load-workspace.ts';
import { formatProblem } from '../core/config/problem.ts';
import { checkMapping } from '../core/mapping/check-mapping.ts';
import { compileMapping } from '../core/mapping/compile-mapping.ts';
import { createCalendar } from '../core/model/calendar.ts';
import { testRule } from '../core/rules/test-rule.ts';
import { connectorInfos, loadConnectors } from '../core/runtime/registry.ts';
import { faultSchema } from '../core/sdk/sandbox/faults.ts';
import { codeBlocks, linksOf, sectionOf, tableRows } from './support/markdown.ts';
import { filesIn, literalOf, memberOf, ROOT, readText, type SyntaxNode, sourcesIn } from './support/source.ts';

const connectors = await connectorInfos(await loadConnectors(path.join(ROOT, 'connectors'), null));
const pages = [
  ...['README.md', 'README.ja.md', 'CONTRIBUTING.md'],
  ...['docs', 'deploy', 'examples', 'connectors'].flatMap((folder) => filesIn(folder)),
].filter((file) => file.endsWith('.md'));

/** The variables a text names without a default. */
const envOf = (text: string) =>
  Object.fromEntries([...text.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name]) => [name, 'given']));

/** The files of a guide: each YAML block names its own in the first line. */
function filesOf(guide: string): readonly { readonly name: string; readonly text: string }[] {
  return codeBlocks(readText(guide))
    .filter(({ language }) => language === 'yaml')
    .map(({ text, line }) => {
      const name = /^# (\S+\.yaml)\n/.exec(text)?.[1];
      if (name === undefined) throw new Error(`${guide}:${line}: the block does not name its file`);
      return { name, text };
    });
}

async function load(guide: string): Promise<LoadedWorkspace> {
  const folder = mkdtempSync(path.join(tmpdir(), 'musubi-docs-'));
  try {
    for (const { name, text } of filesOf(guide)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
    return await loadWorkspace({ folder, shippedFolder: ROOT, env: envOf(readText(guide)), connectors });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(['docs/rules.md', 'docs/rules.ja.md'])('the examples of %s', (guide) => {
  it('are taken as they stand', async () => {
    const { problems } = await load(guide);
    expect(problems.map(formatProblem)).toEqual([]);
  });

  it('hold their own tests', async () => {
    const { workspace } = await load(guide);
    if (!workspace) throw new Error('the examples cannot be loaded');
    const { customFields, events, timeZone } = workspace;
    const calendar = createCalendar(workspace.calendar);
    const mappings = workspace.mappings.flatMap((one) =>
      checkMapping(one, compileMapping(one, { customFields, events, calendar }), { timeZone }),
    );
    const rules = workspace.rules.flatMap((one) => testRule(one, { calendar, timeZone, customFields }));
    expect([...mappings, ...rules].map(formatProblem)).toEqual([]);
    expect(workspace.rules.every(({ tests }) => tests.length > 0)).toBe(true);
  });
});

describe('both languages', () => {
  it.each([
    ['docs/rules.md', 'docs/rules.ja.md'],
    ['README.md', 'README.ja.md'],
    ['examples/quickstart/README.md', 'examples/quickstart/README.ja.md'],
  ])('%s and %s say the same: code and headings', (english, japanese) => {
    const code = (file: string) =>
      codeBlocks(readText(file))
        .filter(({ language }) => ['yaml', 'sh'].includes(language))
        .map(({ text }) => text.replaceAll(/\s*#.*$/gm, ''));
    const levels = (file: string) =>
      readText(file)
        .replaceAll(/^```[\s\S]*?^```$/gm, '')
        .match(/^#+/gm);
    expect(code(japanese)).toEqual(code(english));
    expect(levels(japanese)).toEqual(levels(english));
  });
});

describe('every page', () => {
  it.each(pages)('%s leads only to files that are there', (file) => {
    const dead = linksOf(readText(file)).filter((to) => !existsSync(path.join(ROOT, path.dirname(file), to)));
    expect(dead).toEqual([]);
  });

  it('names only npm scripts and commands that exist', () => {
    const { scripts } = JSON.parse(readText('package.json')) as { scripts: Record<string, string> };
    const known = [...Object.keys(scripts), 'ci', 'install', 'run', 'sbom', 'outdated'];
    const named = pages.flatMap((file) =>
      [...codeIn(file).matchAll(/\bnpm (?:run )?([a-z]+)/g)].map((match) => [file, match[1] ?? ''] as const),
    );
    expect(named.filter(([, script]) => !known.includes(script))).toEqual([]);
    const names = commands.map(({ usage }) => usage.split(' ')[0] ?? '');
    const called = pages.flatMap((file) =>
      [...codeIn(file).matchAll(/(?:npx |core\/)musubi(?:\.mjs)? ([a-z]+)/g)].map(
        (match) => [file, match[1] ?? ''] as const,
      ),
    );
    expect(called.filter(([, command]) => !names.includes(command))).toEqual([]);
  });

  it('speaks of the project alone', () => {
    const foreign = /\/home\/|\/root\/|\/work\/|\/tmp\/|registry\.npmjs|localhost:4873/;
    expect(pages.filter((file) => foreign.test(readText(file)))).toEqual([]);
  });
});

describe('the pages agree with the code', () => {
  it('examples/quickstart: its README names every variable of musubi.yaml, with its default', () => {
    const yaml = readText('examples/quickstart/musubi.yaml');
    const written = [...yaml.matchAll(/\$\{([A-Z_]+):-([^}]*)\}/g)].map(([, name, fallback]) => [name, fallback]);
    for (const file of ['examples/quickstart/README.md', 'examples/quickstart/README.ja.md']) {
      const variables = tableRows(readText(file).split('\n')).filter(([name = '']) => /^[A-Z_]+$/.test(name));
      const ofWorkspace = variables.filter(([name = '']) => written.some(([one]) => one === name));
      expect(ofWorkspace.map(([name, fallback]) => [name, fallback])).toEqual(written);
    }
  });

  it('docs/sandbox.md: the control routes and the keys of a fault', () => {
    const [source] = sourcesIn('core/sdk/sandbox').filter(({ file }) => file.endsWith('/start.ts'));
    const routes = (source?.nodes ?? []).flatMap((node) => {
      const method =
        node.type === 'CallExpression' ? /^scope\.(get|post|delete)$/.exec(memberOf(node.callee) ?? '') : null;
      return method ? [`${method[1]?.toUpperCase()} /__sandbox${literalOf((node.arguments as SyntaxNode[])[0])}`] : [];
    });
    const page = readText('docs/sandbox.md');
    const written = tableRows(sectionOf(page, 'Control routes')).map(([method, route]) => `${method} ${route}`);
    expect(written.toSorted()).toEqual(routes.toSorted());
    const kinds = faultSchema.shape.kind.unwrap().options.map((kind) => `kind: ${kind}`);
    const keys = Object.keys(faultSchema.shape).filter((key) => key !== 'kind');
    const faults = tableRows(sectionOf(page, 'Faults')).flatMap(([key = '']) => key.split('`, `'));
    expect(faults.map((key) => key.replaceAll('`', '')).toSorted()).toEqual([...keys, ...kinds].toSorted());
  });

  it('docs/delivery.md: each step that the code announces stands where the table says', () => {
    const rows = tableRows(sectionOf(readText('docs/delivery.md'), 'Steps'));
    expect(rows.map(([step]) => step)).toEqual(Array.from({ length: 15 }, (_, at) => `S${at}`));
    const announced = sourcesIn('core').flatMap(({ file, text }) =>
      [...text.matchAll(/\breached\('(S\d+)'\)/g)].map((match) => [match[1], file] as const),
    );
    expect(announced.length).toBeGreaterThan(9);
    for (const [step, file] of announced) {
      expect(rows.find(([one]) => one === step)?.[2]).toContain(file);
    }
  });

  it('docs/store.md: every table has its family', () => {
    const made = filesIn('core/store/migrations').flatMap((file) =>
      [...readText(file).matchAll(/create table musubi\.(\w+)/g)].map((match) => match[1] ?? ''),
    );
    const families = tableRows(sectionOf(readText('docs/store.md'), 'Table families'));
    const named = families.flatMap(([, tables = '']) =>
      [...`\`${tables}\``.matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ''),
    );
    expect(named.toSorted()).toEqual(made.toSorted());
  });

  it('docs/glossary.md: the words of the glossary are the entities of the model', async () => {
    const { entityTypes } = await import('../core/model/entities.ts');
    const [, , meaning = ''] =
      tableRows(readText('docs/glossary.md').split('\n')).find(([word]) => word === 'Entity') ?? [];
    for (const type of entityTypes) expect(meaning).toContain(type);
  });

  it('deploy/Dockerfile: takes along every folder the package ships', () => {
    const { files } = JSON.parse(readText('package.json')) as { files: string[] };
    const folders = files.filter((name) => filesIn(name).length > 0);
    const copied = [...readText('deploy/Dockerfile').matchAll(/^COPY (\w+) \.\/\1$/gm)].map((match) => match[1]);
    expect(copied.toSorted()).toEqual(folders.toSorted());
  });

  it('docs/decisions: numbered without gaps, short, with what was given up', () => {
    const records = filesIn('docs/decisions');
    expect(records.map((file) => Number(path.basename(file).slice(0, 4)))).toEqual(records.map((_, at) => at + 1));
    for (const file of records) {
      const text = readText(file);
      expect([file, text.split('\n').length <= 41, /^## What we gave up$/m.test(text)]).toEqual([file, true, true]);
    }
  });
});

/** Code of a page: fenced blocks in shell, and what stands in code quotes. */
function codeIn(file: string): string {
  const text = readText(file);
  const shell = codeBlocks(text).filter(({ language }) => language === 'sh' || language === '');
  const quoted = text.replaceAll(/^```[\s\S]*?^```$/gm, '').match(/`[^`\n]+`/g) ?? [];
  return [...shell.map((block) => block.text), ...quoted].join('\n');
}
