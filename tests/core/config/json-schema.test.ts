import { describe, expect, it } from 'vitest';
import { type ConfigKind, configJsonSchema } from '../../../core/config/json-schema.ts';

describe('the JSON Schema for editors', () => {
  it.each<[ConfigKind, string[]]>([
    [
      'workspace',
      [
        'workspace',
        'connections',
        'policy',
        'customFields',
        'events',
        'staff',
        'channels',
        'calendar',
        'gate',
        'segments',
      ],
    ],
    ['mapping', ['object', 'entity', 'identify', 'create', 'address', 'person', 'fields', 'links', 'tests']],
    ['rule', ['title', 'when', 'per', 'if', 'points', 'cooldown', 'then', 'on', 'tests']],
  ])('of a %s knows every key and refuses others', (kind, keys) => {
    const schema = configJsonSchema(kind);
    expect(Object.keys(schema.properties as object)).toEqual(expect.arrayContaining(keys));
    expect(schema.additionalProperties).toBe(false);
    expect(() => JSON.stringify(schema)).not.toThrow();
  });
});
