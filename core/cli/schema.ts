import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type ConfigKind, configJsonSchema } from '../config/json-schema.ts';
import { listAllowed, suggest } from '../config/suggest.ts';
import { ConfigError } from '../sdk/errors.ts';
import type { CommandContext } from './command-context.ts';

/** As operators name what they write. */
const KINDS: Readonly<Record<string, ConfigKind>> = { musubi: 'workspace', mapping: 'mapping', rule: 'rule' };

export interface SchemaOptions {
  /** Default `musubi`. */
  readonly name?: string | undefined;
  /** A folder: all three are written there. */
  readonly out?: string | undefined;
}

/** `musubi schema`: the JSON Schema of what operators write, for editors. */
export async function schema({ terminal }: CommandContext, { name = 'musubi', out }: SchemaOptions): Promise<number> {
  if (out !== undefined) {
    mkdirSync(out, { recursive: true });
    for (const [each, kind] of Object.entries(KINDS)) {
      const file = path.join(out, `${each}.schema.json`);
      writeFileSync(file, textOf(kind));
      terminal.print(file);
    }
    return 0;
  }
  const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (!kind) {
    const known = Object.keys(KINDS);
    const hint = suggest(name, known);
    throw new ConfigError(
      `[schema] there is no schema "${name}": name one of ${listAllowed(known)}${hint ? ` (${hint})` : ''}`,
      {
        code: 'schema_unknown',
      },
    );
  }
  terminal.print(textOf(kind).trimEnd());
  return 0;
}

const textOf = (kind: ConfigKind): string => `${JSON.stringify(configJsonSchema(kind), null, 2)}\n`;
