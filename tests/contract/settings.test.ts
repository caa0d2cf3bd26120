import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { settingsMarked } from '#sdk';
import { connectors } from './support/connectors.ts';

const SECRET_NAME = /(secret|token|password|privatekey|apikey)$/i;

describe.each(connectors.map((folder) => [folder.id, folder] as const))('settings of connectors/%s', (_id, folder) => {
  const { config } = folder.definition;
  const { settings } = folder.fixture;
  const names = () => (config instanceof z.ZodObject ? Object.keys(config.shape) : []);
  const read = (more: object = {}) => config.safeParse({ ...settings, ...more });

  it('takes the settings of its fixture', () => {
    expect(read().error?.issues ?? []).toEqual([]);
  });

  it('refuses a setting it does not know', () => {
    expect(read({ misspelt: 'x' }).success).toBe(false);
  });

  it('marks every secret, and nothing loses its mark', () => {
    const marked = settingsMarked(config, 'secret');
    expect(names().filter((name) => SECRET_NAME.test(name) && !marked.includes(name))).toEqual([]);
    expect(Object.keys(settings).filter((name) => SECRET_NAME.test(name) && !marked.includes(name))).toEqual([]);
  });

  it('marks every …Url as a base URL whose default is a host root over https', () => {
    const marked = settingsMarked(config, 'baseUrl');
    expect(names().filter((name) => /url$/i.test(name) && !marked.includes(name))).toEqual([]);
    const parsed = read().data as Readonly<Record<string, unknown>>;
    for (const name of marked) {
      const url = new URL(String(parsed[name]));
      expect([name, url.protocol, url.pathname, String(parsed[name]).endsWith('/')]).toEqual([
        name,
        'https:',
        '/',
        false,
      ]);
    }
  });

  it('refuses empty secrets', () => {
    for (const name of settingsMarked(config, 'secret'))
      expect([name, read({ [name]: '' }).success]).toEqual([name, false]);
  });

  it('has invented secrets long enough to be looked for', () => {
    const secrets = settingsMarked(config, 'secret').flatMap((name) => settings[name] ?? []);
    expect(secrets.filter((value) => typeof value !== 'string' || value.length < 12)).toEqual([]);
  });
});
