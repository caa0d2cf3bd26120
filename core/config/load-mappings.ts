import type { EntityType, FieldSpec, FieldSpecs } from '../model/entities.ts';
import { type CustomFields, type EventKinds, kindsOf, mappableFields } from './canonical-fields.ts';
import type { ConfigFile } from './config-files.ts';
import type { ConnectorInfos } from './connector-info.ts';
import type { CompiledExpression, ExpressionCompiler, MappingScope } from './expressions.ts';
import { type FieldMapping, type MappingDefinition, mappingSchema } from './mapping-schema.ts';
import type { Path, Problem } from './problem.ts';
import { readPath } from './record-path.ts';
import { listAllowed, suggest } from './suggest.ts';
import type { LoadedMapping } from './workspace.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';
import { zodProblems } from './zod-problems.ts';

export interface MappingContext {
  readonly connectors: ConnectorInfos;
  /** Connection name → connector. */
  readonly connections: Readonly<Record<string, string>>;
  readonly customFields: CustomFields;
  readonly events: EventKinds;
  readonly expressions: ExpressionCompiler;
  readonly problems: Problem[];
}

/** Reads the mappings of the connectors in use; those of the others are not looked at. */
export function loadMappings(files: readonly ConfigFile[], context: MappingContext): LoadedMapping[] {
  const inUse = new Set(Object.values(context.connections));
  return files.flatMap((file) => {
    const [connector = '', ...rest] = file.path.split('/');
    if (inUse.has(connector)) return loadMapping(file, connector, rest.join('/'), context) ?? [];
    if (!file.isShipped && !Object.hasOwn(context.connectors, connector))
      context.problems.push(unknownFolder(file, connector, context));
    return [];
  });
}

function unknownFolder({ file }: ConfigFile, connector: string, { connectors }: MappingContext): Problem {
  const known = Object.keys(connectors);
  const message = `a mapping stands in mappings/<connector>/; no connector "${connector}"; allowed: ${listAllowed(known)}`;
  return { file, line: 1, col: 1, path: '', message, hint: suggest(connector, known) };
}

function loadMapping(
  file: ConfigFile,
  connector: string,
  name: string,
  context: MappingContext,
): LoadedMapping | undefined {
  const read = readYaml(file.file, file.text);
  if (!read.ok) return void context.problems.push(...read.problems);
  const { document } = read;
  const parsed = mappingSchema.safeParse(document.value);
  if (!parsed.success) return void context.problems.push(...zodProblems(document, mappingSchema, parsed.error));
  const definition = parsed.data;
  const object = name.replace(/\.ya?ml$/, '');
  if (definition.object !== object) {
    const message = `differs from the file name: expected "${object}"`;
    context.problems.push(document.problem(['object'], message));
  }
  checkPaths(document, definition, context.problems);
  return {
    connector,
    object,
    entity: definition.entity,
    file: file.file,
    version: file.version,
    definition,
    expressions: checkFields(document, definition, context),
    problem: (path, message) => document.problem(path, message),
  };
}

function checkFields(
  document: YamlDocument,
  { entity, fields, identify }: MappingDefinition,
  context: MappingContext,
): Readonly<Record<string, CompiledExpression<MappingScope>>> {
  const specs = specsFor(entity, context);
  const known = Object.keys(specs);
  const expressions: Record<string, CompiledExpression<MappingScope>> = {};
  const unknown = (name: string, path: Path, at: 'key' | 'value'): void => {
    const message = `${entity} has no field "${name}"; allowed: ${listAllowed(known, 60)}`;
    context.problems.push(document.problem(path, message, { at, hint: suggest(name, known) }));
  };
  for (const [name, field] of Object.entries(fields)) {
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
    if (!spec) unknown(name, ['fields', name], 'key');
    else checkCodes(document, name, field, spec, context.problems);
    if (field.cel === undefined) continue;
    const compiled = context.expressions.mapping(field.cel);
    if (compiled.ok) expressions[name] = compiled.expression;
    else {
      for (const { offset, message, hint } of compiled.faults) {
        context.problems.push(document.problem(['fields', name, 'cel'], message, { offset, hint }));
      }
    }
  }
  identify.forEach((name, index) => {
    if (!Object.hasOwn(specs, name)) unknown(name, ['identify', index], 'value');
    else if (!Object.hasOwn(fields, name)) {
      context.problems.push(
        document.problem(['identify', index], `fields: does not map "${name}", so it is no evidence`),
      );
    }
  });
  return expressions;
}

function specsFor(entity: EntityType, { customFields, events }: MappingContext): FieldSpecs {
  const specs = mappableFields(entity, customFields);
  return entity === 'activity' && specs.kind ? { ...specs, kind: { ...specs.kind, values: kindsOf(events) } } : specs;
}

/** Codes written out must be codes the field has. */
function checkCodes(
  document: YamlDocument,
  name: string,
  field: FieldMapping,
  spec: FieldSpec,
  problems: Problem[],
): void {
  const { values } = spec;
  if (!values) return;
  const check = (code: unknown, path: Path): void => {
    if (code === null || code === undefined || values.includes(String(code))) return;
    const message = `${name} has no code "${String(code)}"; allowed: ${listAllowed(values, 60)}`;
    problems.push(document.problem(path, message, { hint: suggest(String(code), values) }));
  };
  check(field.const, ['fields', name, 'const']);
  for (const [raw, code] of Object.entries(field.values ?? {})) check(code, ['fields', name, 'values', raw]);
}

function checkPaths(document: YamlDocument, definition: MappingDefinition, problems: Problem[]): void {
  const check = (written: string | undefined, path: Path): void => {
    if (written === undefined || readPath(written)) return;
    problems.push(
      document.problem(path, 'not a path: write names joined by dots, e.g. properties.email or ["a name"].value'),
    );
  };
  for (const [name, { at, to }] of Object.entries(definition.fields)) {
    check(at, ['fields', name, 'at']);
    check(to, ['fields', name, 'to']);
  }
  for (const [name, { at }] of Object.entries(definition.links)) check(at, ['links', name, 'at']);
  for (const [index, { at }] of definition.person.entries()) check(at, ['person', index, 'at']);
  const { channel: _channel, ...address } = definition.address ?? { channel: '' };
  for (const [name, at] of Object.entries(address)) check(at, ['address', name]);
}
