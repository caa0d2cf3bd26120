// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders as operators write them.
import { describe, expect, it } from 'vitest';
import { substitute } from '../../../core/config/environment.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { readYaml } from '../../../core/config/yaml-document.ts';

function fill(text: string, env: Record<string, string>) {
  const read = readYaml('musubi.yaml', text);
  if (!read.ok) throw new Error('must be YAML');
  const { value, problems } = substitute(read.document, env);
  return { value, problems: problems.map(formatProblem) };
}

describe('placeholders of the environment', () => {
  it('are filled inside texts, several in one, with defaults', () => {
    const text = 'a: "${A}"\nb: ["x-${A}-${B:-none}-y", 1, true, null]\nc: { d: "${C:-https://x.example.com:80/}" }';
    expect(fill(text, { A: 'one', C: '' })).toEqual({
      value: { a: 'one', b: ['x-one-none-y', 1, true, null], c: { d: 'https://x.example.com:80/' } },
      problems: [],
    });
  });

  it('stay text: a value cannot bring YAML or another placeholder with it', () => {
    expect(fill('a: "${A}"', { A: 'b: ["${B}"]', B: 'x' })).toEqual({ value: { a: 'b: ["${B}"]' }, problems: [] });
  });

  it('are problems when not set, empty or misspelt, each with its own place', () => {
    expect(fill('connections:\n  crm: { token: "${T}", url: "https://${H}/${}" }', { T: '' }).problems).toEqual([
      'musubi.yaml:2:18 connections.crm.token: the environment variable T is not set (connection "crm", key "token")',
      'musubi.yaml:2:39 connections.crm.url: the environment variable H is not set (connection "crm", key "url")',
      'musubi.yaml:2:44 connections.crm.url: a placeholder is written ${NAME} or ${NAME:-default}',
    ]);
  });
});
