import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readText } from './support/source.ts';

const dependencies = z.record(z.string(), z.string()).default({});

const manifest = z
  .object({
    dependencies,
    devDependencies: dependencies,
    optionalDependencies: dependencies,
    overrides: dependencies,
    allowScripts: z.record(z.string(), z.boolean()).default({}),
  })
  .parse(JSON.parse(readText('package.json')));

const lock = z
  .object({
    lockfileVersion: z.literal(3),
    packages: z.record(
      z.string(),
      z.object({
        version: z.string().optional(),
        resolved: z.string().optional(),
        integrity: z.string().optional(),
        link: z.boolean().optional(),
        dev: z.boolean().optional(),
        license: z.string().optional(),
        hasInstallScript: z.boolean().optional(),
        dependencies,
        devDependencies: dependencies,
        optionalDependencies: dependencies,
      }),
    ),
  })
  .parse(JSON.parse(readText('package-lock.json')));

const { '': root, ...packages } = lock.packages;
const entries = Object.entries(packages);
const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };

/** Licences under which the hub may be passed on. Reciprocal ones only file by file (MPL). */
const LICENCES: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'MPL-2.0',
  'OFL-1.1',
  'Unlicense',
  'Zlib',
];

describe('package.json', () => {
  it('pins every dependency to one version', () => {
    const loose = Object.entries({ ...direct, ...manifest.overrides }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it('lets no package run a script at its installation', () => {
    expect(Object.entries(manifest.allowScripts).filter(([, isAllowed]) => isAllowed)).toEqual([]);
  });
});

describe('package-lock.json', () => {
  it('was made from package.json', () => {
    const { dependencies: own, devDependencies, optionalDependencies } = root ?? {};
    expect({ ...own, ...devDependencies, ...optionalDependencies }).toEqual(direct);
    const other = Object.entries(direct).filter(([name, version]) => {
      const entry = packages[`node_modules/${name}`];
      return entry?.version !== version;
    });
    expect(other).toEqual([]);
  });

  it('knows the content of every package by its hash', () => {
    const weak = entries.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
    expect(weak.map(([name]) => name)).toEqual([]);
  });

  it('takes packages from the registry alone: no git, no file, no link', () => {
    const elsewhere = entries.filter(
      ([, { resolved, link }]) =>
        link === true || (resolved !== undefined && !/^https:\/\/[^?#]+\.tgz$/.test(resolved)),
    );
    expect(elsewhere.map(([name]) => name)).toEqual([]);
    const written = entries.flatMap(([name, entry]) =>
      Object.entries({ ...entry.dependencies, ...entry.optionalDependencies })
        .filter(([, range]) => /^(?:git|github:|file:|link:|https?:)/.test(range))
        .map(([wanted, range]) => `${name}: ${wanted}@${range}`),
    );
    expect(written).toEqual([]);
  });

  it('names every package that would run a script among those that may not', () => {
    const scripted = entries.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    const names = scripted.map(([name]) => name.split('node_modules/').at(-1));
    expect(names.filter((name) => !Object.hasOwn(manifest.allowScripts, name ?? ''))).toEqual([]);
  });

  it('holds only licences under which the hub may be passed on', () => {
    const unknown = entries.filter(([, { license = 'none' }]) => !isAllowed(license));
    expect(unknown.map(([name, { license }]) => `${name}: ${license}`)).toEqual([]);
  });
});

/** SPDX as the lock has it: one of several by OR, all of several by AND. */
function isAllowed(license: string): boolean {
  const bare = license.replaceAll(/[()]/g, '');
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((one) => LICENCES.includes(one)));
}
