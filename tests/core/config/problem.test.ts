import { describe, expect, it } from 'vitest';
import { formatProblem, problemsError } from '../../../core/config/problem.ts';
import { suggest } from '../../../core/config/suggest.ts';

const problem = {
  file: 'musubi.yaml',
  line: 3,
  col: 5,
  path: 'policy.person',
  message: 'is wrong',
  hint: 'did you mean "x"?',
};

describe('problems', () => {
  it('are one line each, and together one error that names them all', () => {
    expect(formatProblem(problem)).toBe('musubi.yaml:3:5 policy.person: is wrong (did you mean "x"?)');
    expect(formatProblem({ ...problem, path: '', hint: undefined })).toBe('musubi.yaml:3:5 is wrong');
    const error = problemsError([problem, { ...problem, line: 4 }]);
    expect(error).toMatchObject({ kind: 'config', code: 'config_invalid' });
    expect(error.message).toMatch(/^\[workspace\] 2 problems .*\n {2}musubi\.yaml:3:5 .*\n {2}musubi\.yaml:4:5 /s);
  });
});

describe('what was probably meant', () => {
  it.each([
    ['emial', 'did you mean "email"?'],
    ['lifecycle_stage', 'did you mean "lifecycleStage"?'],
    ['Email', 'did you mean "email"?'],
    ['xyz', undefined],
    ['', undefined],
  ])('%s', (word, meant) => {
    expect(suggest(word, ['email', 'phone', 'lifecycleStage'])).toBe(meant);
  });
});
