import { lineOf, literalOf, nameOf, propertyOf, type SourceFile, type SyntaxNode } from './source.ts';

const KINDS: Readonly<Record<string, string>> = {
  ConfigError: 'config',
  AuthError: 'auth',
  RetryableError: 'retryable',
  RejectedError: 'rejected',
};

export interface FoundCode {
  readonly code: string;
  readonly kind: string;
  readonly place: string;
}

/**
 * The code of every HubError that is made in these files. One that hands on another error's code (`error.code`) adds none; any
 * other that is not written out is found as `(not written out)`.
 */
export function hubErrorCodes(sources: readonly SourceFile[]): readonly FoundCode[] {
  return sources.flatMap((source) =>
    source.nodes.flatMap((node) => {
      const kind = node.type === 'NewExpression' ? KINDS[nameOf(node.callee) ?? ''] : undefined;
      if (kind === undefined) return [];
      const [, options] = node.arguments as readonly SyntaxNode[];
      const place = `${source.file}:${lineOf(source, node)}`;
      return textsOf(propertyOf(options, 'code')).map((code) => ({ code, kind, place }));
    }),
  );
}

/** Codes given to a helper as its first argument, such as `dead('missing_value', …)`. */
export function codesGivenTo(helper: string, source: SourceFile): readonly string[] {
  return source.nodes.flatMap((node) => {
    if (node.type !== 'CallExpression' || nameOf(node.callee) !== helper) return [];
    const code = literalOf((node.arguments as readonly SyntaxNode[])[0]);
    return code === undefined ? [] : [code];
  });
}

/** The texts of a property of every object written in these files that also has the other property. */
export function valuesOf(name: string, beside: string, sources: readonly SourceFile[]): readonly string[] {
  return sources.flatMap(({ nodes }) =>
    nodes.flatMap((node) => {
      const text = literalOf(propertyOf(node, name));
      const isBeside = (node.properties as readonly SyntaxNode[] | undefined)?.some(
        (property) => nameOf(property.key) === beside,
      );
      return text !== undefined && isBeside === true ? [text] : [];
    }),
  );
}

function textsOf(node: SyntaxNode | undefined): readonly string[] {
  if (node?.type === 'ConditionalExpression') {
    return [node.consequent, node.alternate].flatMap((branch) => textsOf(branch as SyntaxNode));
  }
  if (node?.type === 'MemberExpression' && nameOf(node.property) === 'code') return [];
  return [literalOf(node) ?? '(not written out)'];
}
