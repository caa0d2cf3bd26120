import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesIn, lineOf, literalOf, memberOf, nameOf, ROOT, type SourceFile, sourcesIn } from './support/source.ts';

const core = sourcesIn('core');
const connectors = sourcesIn('connectors');
const jobs = sourcesIn('jobs');
const all = [...core, ...connectors, ...jobs];

const FOUNDATIONS = ['model', 'sdk', 'config', 'store'];
const STAGES = ['intake', 'mapping', 'identity', 'sync', 'rules', 'gate', 'outbox', 'insights'];

/** What each folder of core/ may import besides itself. Who is not named here may not exist. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: ['sdk'],
  sdk: ['model'],
  config: ['model', 'sdk'],
  store: ['model', 'sdk'],
  ...Object.fromEntries(STAGES.map((stage) => [stage, FOUNDATIONS])),
  pipeline: [...FOUNDATIONS, ...STAGES.filter((stage) => stage !== 'intake')],
  runtime: [...FOUNDATIONS, ...STAGES, 'pipeline'],
  cli: [...FOUNDATIONS, ...STAGES, 'pipeline', 'runtime'],
  // main.ts and cli.ts
  entry: [...FOUNDATIONS, 'runtime', 'cli'],
};

/**
 * What the house plan forbids and the code does, each with the reason it stands. An entry that is not needed any more fails
 * the test of its rule, so the list only gets shorter.
 */
const EXCEPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'too long': {},
  'names a connector': {
    'core/config/template-scope.ts': 'the field `slack` of a colleague in musubi.yaml',
    'core/model/codes.ts': 'channels of consents, which are canonical codes',
    'core/store/pglite-wire.ts': 'a field of a PostgreSQL error',
  },
  'keeps state in a module': {
    'core/model/zone.ts': 'formatters by time zone, made once',
    'core/runtime/hub.ts': 'a cache by setup, in a WeakMap',
  },
};

/** Breaches without the excepted ones, and exceptions that nothing needs. */
function unexcused(rule: string, breaches: readonly string[]): readonly string[] {
  const excepted = Object.keys(EXCEPTIONS[rule] ?? {});
  const isIn = (breach: string, file: string) => breach.startsWith(`${file}:`);
  const rest = breaches.filter((breach) => !excepted.some((file) => isIn(breach, file)));
  const unused = excepted.filter((file) => !breaches.some((breach) => isIn(breach, file)));
  return [...rest, ...unused.map((file) => `${file}: is excepted for nothing, take the exception out`)];
}

const layerOf = (file: string): string => {
  const [, folder = '', ...rest] = file.split('/');
  return rest.length > 0 ? folder : 'entry';
};

describe('who may import whom', () => {
  it('core: foundations below, stages above, pipeline and runtime on top', () => {
    const breaches = core.flatMap(({ file, imports }) => {
      const from = layerOf(file);
      const allowed = [from, ...(MAY_IMPORT[from] ?? [])];
      return imports.flatMap(({ file: to }) =>
        to?.startsWith('core/') && !allowed.includes(layerOf(to)) ? [`${file}: imports ${to}`] : [],
      );
    });
    expect(breaches).toEqual([]);
  });

  it('core has no folder that the plan does not know', () => {
    const folders = readdirSync(path.join(ROOT, 'core'), { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(folders.map(({ name }) => name).filter((name) => !Object.hasOwn(MAY_IMPORT, name))).toEqual([]);
  });

  it('core imports nothing of the repository outside core', () => {
    const outside = core.flatMap(({ file, imports }) =>
      imports.flatMap(({ file: to, from }) =>
        (to !== null && !to.startsWith('core/')) || from.startsWith('#') ? [`${file}: imports ${from}`] : [],
      ),
    );
    expect(outside).toEqual([]);
  });

  it('a connector imports #sdk, zod, node:, types of fastify, and a vendor package nobody else imports', () => {
    const users = new Map<string, Set<string>>();
    const breaches: string[] = [];
    for (const { file, imports } of connectors) {
      const own = file.split('/').slice(0, 2).join('/');
      for (const { from, isType, file: to } of imports) {
        if (to !== null && !to.startsWith(`${own}/`)) breaches.push(`${file}: imports ${to}`);
        if (to !== null || from === '#sdk' || from === 'zod' || from.startsWith('node:')) continue;
        if (from === 'fastify' && isType) continue;
        users.set(packageOf(from), (users.get(packageOf(from)) ?? new Set()).add(own));
      }
    }
    for (const { file, imports } of core) {
      for (const { from } of imports) if (users.has(packageOf(from))) breaches.push(`${file}: imports ${from}`);
    }
    for (const [name, folders] of users)
      if (folders.size > 1) breaches.push(`${[...folders].join(', ')}: import ${name}`);
    expect(breaches).toEqual([]);
  });

  it('a job is thin: it imports core alone', () => {
    const foreign = jobs.flatMap(({ file, imports }) =>
      imports.flatMap(({ file: to, from }) =>
        to?.startsWith('core/') || from.startsWith('node:') ? [] : [`${file}: imports ${from}`],
      ),
    );
    expect(foreign).toEqual([]);
  });

  it('core names no connector, no shipped mapping and no rule', () => {
    expect(unexcused('names a connector', core.flatMap(namesIn))).toEqual([]);
  });

  it('the file itself is imported, ending in .ts', () => {
    const odd = all.flatMap(({ file, imports }) =>
      imports.flatMap(({ from, file: to }) =>
        to !== null && !from.endsWith('.ts') ? [`${file}: imports ${from}`] : [],
      ),
    );
    expect(odd).toEqual([]);
  });
});

describe('what is pure stays pure', () => {
  const isPure = (file: string) =>
    /^core\/(?:model|mapping|rules|insights)\//.test(file) ||
    ['identity/match', 'gate/decide', 'gate/standing-consent', 'sync/apply-fields', 'outbox/plan', 'outbox/classify']
      .map((name) => `core/${name}.ts`)
      .includes(file);
  const pure = core.filter(({ file }) => isPure(file));

  it('time and chance come in as arguments', () => {
    const asked = pure.flatMap((source) =>
      source.nodes.filter(asksClockOrChance).map((node) => `${source.file}:${lineOf(source, node)}`),
    );
    expect(asked).toEqual([]);
  });

  it('no file, no network, no process', () => {
    const outside = /^node:(?:fs|http|https|net|tls|dns|child_process|worker_threads|process)\b/;
    const breaches = pure.flatMap(({ file, imports }) =>
      imports.flatMap(({ from }) => (outside.test(from) ? [`${file}: imports ${from}`] : [])),
    );
    expect(breaches).toEqual([]);
  });
});

describe('habits', () => {
  it('no file is over 350 lines, and half of them are under 120', () => {
    const long = all.flatMap(({ file, lines }) => (lines > 350 ? [`${file}: ${lines} lines`] : []));
    expect(unexcused('too long', long)).toEqual([]);
    const sizes = all.map(({ lines }) => lines).toSorted((a, b) => a - b);
    expect(sizes[Math.floor(sizes.length / 2)]).toBeLessThan(120);
  });

  it.each([
    ['any', 'TSAnyKeyword'],
    ['enum', 'TSEnumDeclaration'],
    ['namespace', 'TSModuleDeclaration'],
    ['parameter property', 'TSParameterProperty'],
  ])('there is no %s', (_name, type) => {
    expect(placesOf(all, (node) => node.type === type)).toEqual([]);
  });

  it('the environment is read in core/config alone', () => {
    const sources = all.filter(({ file }) => !file.startsWith('core/config/'));
    const reads = placesOf(sources, (node) => memberOf(node) === 'process.env' || literalOf(node) === 'process.env');
    expect(reads).toEqual([]);
  });

  it('only the command line prints', () => {
    const sources = all.filter(({ file }) => !file.startsWith('core/cli'));
    expect(placesOf(sources, (node) => memberOf(node)?.startsWith('console.') === true)).toEqual([]);
  });

  it('a default export stands only where a loader picks it up', () => {
    const isPicked = (file: string) =>
      /^connectors\/[^/]+\/(?:index|webhook|fixtures\/contract|sandbox\/index|(?:objects|actions)\/[^/]+)\.ts$/.test(
        file,
      ) || file.startsWith('jobs/');
    const sources = all.filter(({ file }) => !isPicked(file));
    expect(placesOf(sources, (node) => node.type === 'ExportDefaultDeclaration')).toEqual([]);
  });

  it('no module keeps state', () => {
    const kept = all.flatMap((source) =>
      source.body.filter(isState).map((node) => `${source.file}:${lineOf(source, node)}`),
    );
    expect(unexcused('keeps state in a module', kept)).toEqual([]);
  });

  it('files are named in kebab-case', () => {
    const odd = all.map(({ file }) => file).filter((file) => !/\/[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(file));
    expect(odd).toEqual([]);
  });

  it('no check is switched off without saying why', () => {
    const mute = all.flatMap(({ file, text }) =>
      text
        .split('\n')
        .flatMap((line, at) =>
          /@ts-(?:ignore|nocheck|expect-error)|biome-ignore(?!.*: \S)/.test(line) ? [`${file}:${at + 1}`] : [],
        ),
    );
    expect(mute).toEqual([]);
  });
});

function placesOf(sources: readonly SourceFile[], fits: (node: SourceFile['nodes'][number]) => boolean): string[] {
  return sources.flatMap((source) => source.nodes.filter(fits).map((node) => `${source.file}:${lineOf(source, node)}`));
}

const packageOf = (from: string) =>
  from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');

const connectorIds = [...new Set(connectors.map(({ file }) => file.split('/')[1] ?? ''))];
const ruleNames = filesIn('rules')
  .concat(filesIn('examples'))
  .flatMap((file) => /rules\/([^/]+)\.ya?ml$/.exec(file)?.[1] ?? []);

/** Texts that are a connector's id, begin like one of its actions or files, or name a rule; and properties named like one. */
function namesIn(source: SourceFile): string[] {
  const isName = new RegExp(
    `^(?:${connectorIds.join('|')})(?:\\.[a-z-]+)?$|(?:connectors|mappings)/(?:${connectorIds.join('|')})\\b|\\b(?:${ruleNames.join('|')})\\b`,
  );
  return source.nodes.flatMap((node) => {
    // `line` is also a plain English word, as in `problem.line`.
    const property = node.type === 'MemberExpression' ? nameOf(node.property) : undefined;
    const texts =
      node.type === 'TemplateElement'
        ? [(node.value as { cooked: string }).cooked]
        : [literalOf(node) ?? (property === 'line' ? undefined : property)];
    return texts.flatMap((text) =>
      text !== undefined && isName.test(text) ? [`${source.file}:${lineOf(source, node)}: ${text.slice(0, 60)}`] : [],
    );
  });
}

function asksClockOrChance(node: SourceFile['nodes'][number]): boolean {
  if (node.type === 'NewExpression')
    return nameOf(node.callee) === 'Date' && (node.arguments as unknown[]).length === 0;
  const called = node.type === 'MemberExpression' ? memberOf(node) : undefined;
  return called !== undefined && ['Date.now', 'Math.random', 'performance.now'].includes(called);
}

/** A variable that can be set again, or an empty collection that will be filled. */
function isState(node: SourceFile['nodes'][number]): boolean {
  const declared =
    node.type === 'ExportNamedDeclaration' ? (node.declaration as SourceFile['nodes'][number] | null) : node;
  if (declared?.type !== 'VariableDeclaration') return false;
  if (declared.kind !== 'const') return true;
  return (declared.declarations as readonly { readonly init: SourceFile['nodes'][number] | null }[]).some(
    ({ init }) =>
      init?.type === 'NewExpression' &&
      ['Map', 'Set', 'WeakMap', 'WeakSet'].includes(nameOf(init.callee) ?? '') &&
      (init.arguments as unknown[]).length === 0,
  );
}
