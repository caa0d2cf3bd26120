import { describe, expect, it } from 'vitest';
import { codesGivenTo, hubErrorCodes, valuesOf } from '../support/error-codes.ts';
import { sectionOf, tableRows } from '../support/markdown.ts';
import { readText, sourcesIn } from '../support/source.ts';

const page = readText('docs/errors.md');
const core = sourcesIn('core');
const found = hubErrorCodes([...core, ...sourcesIn('connectors', 'jobs')]);
const unique = (texts: readonly string[]) => [...new Set(texts)].toSorted();

describe('docs/errors.md', () => {
  const rows = tableRows(sectionOf(page, 'Codes'));

  it('explains every code the code makes, and no other', () => {
    const written = rows.map(([code = '']) => code);
    expect(written.toSorted()).toEqual(unique(found.map(({ code }) => code)));
  });

  it('names the kind that decides what happens next', () => {
    const kinds = unique(found.map(({ code, kind }) => `${code} ${kind}`));
    expect(rows.map(([code, kind]) => `${code} ${kind}`).toSorted()).toEqual(kinds);
  });

  it('says what happened and what to do, in both languages', () => {
    for (const [code, , happened = '', todo = '', japanese = '', ...rest] of rows) {
      expect([code, happened.length > 5, todo !== '', /[ぁ-ん].*。/.test(japanese), rest]).toEqual([
        code,
        true,
        true,
        true,
        [],
      ]);
    }
  });

  it('explains the effects that end before they are sent', () => {
    const plan = core.filter(({ file }) => file === 'core/outbox/plan.ts');
    const made = plan.flatMap((source) => codesGivenTo('dead', source));
    const written = tableRows(sectionOf(page, 'Effects that end before they are sent')).map(([code = '']) => code);
    expect(written.toSorted()).toEqual(unique(made));
  });

  it('explains what the HTTP interface answers', () => {
    const runtime = core.filter(({ file }) => file.startsWith('core/runtime/'));
    const written = tableRows(sectionOf(page, 'Answers of the HTTP interface')).map(([error = '']) => error);
    expect(written.toSorted()).toEqual(unique(valuesOf('error', 'message', runtime)));
  });
});

it('a code is one snake_case word', () => {
  expect(found.filter(({ code }) => !/^[a-z]+(?:_[a-z]+)*$/.test(code))).toEqual([]);
});

it('the message of an error says who, what, and what to do', () => {
  const odd = core.flatMap(({ file, text }) =>
    [...text.matchAll(/new (?:Config|Auth|Retryable|Rejected)Error\(\s*(['"`])((?:(?!\1)[\s\S])*)\1/g)]
      .map((match) => match[2] ?? '')
      .filter((message) => !/^\[[^\]]+\] /.test(message) && !message.startsWith('${'))
      .map((message) => `${file}: ${message}`),
  );
  expect(odd).toEqual([]);
});
