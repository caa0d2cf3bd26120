import type { CustomFields, EventKinds } from './canonical-fields.ts';
import type { ConnectorInfos } from './connector-info.ts';
import type { ExpressionCompiler } from './expressions.ts';
import type { Problem } from './problem.ts';
import { templateFields } from './template-scope.ts';
import { createTemplateCompiler, type TemplateCompiler } from './templates.ts';

/** What rules are compiled against. */
export interface RuleContext {
  readonly connectors: ConnectorInfos;
  /** Connection name → connector. */
  readonly connections: Readonly<Record<string, string>>;
  readonly channels: Readonly<Record<string, string>>;
  readonly customFields: CustomFields;
  readonly events: EventKinds;
  readonly timeZone: string;
  readonly locale: 'ja' | 'en';
  readonly expressions: ExpressionCompiler;
  readonly templates: TemplateCompilers;
  /** Problems found so far. */
  readonly problems: Problem[];
}

type Escape = ((value: string) => string) | undefined;

/** The compiler for a scope, a language and a channel's escaping. */
export type TemplateCompilers = (per: 'person' | 'deal', locale: 'ja' | 'en', escapeValue: Escape) => TemplateCompiler;

/** An engine costs about a millisecond to make, so each kind is made once. */
export function templateCompilers(options: {
  readonly timeZone: string;
  readonly customFields: CustomFields;
  readonly events: EventKinds;
}): TemplateCompilers {
  const fields = { person: templateFields(options, 'person'), deal: templateFields(options, 'deal') };
  const made: { per: string; locale: string; escapeValue: Escape; compiler: TemplateCompiler }[] = [];
  return (per, locale, escapeValue) => {
    const known = made.find((each) => each.per === per && each.locale === locale && each.escapeValue === escapeValue);
    if (known) return known.compiler;
    const compiler = createTemplateCompiler({
      timeZone: options.timeZone,
      locale,
      fields: fields[per],
      escape: escapeValue,
    });
    made.push({ per, locale, escapeValue, compiler });
    return compiler;
  };
}
