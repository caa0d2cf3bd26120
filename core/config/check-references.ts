import { type EntityType, entityTypes } from '../model/entities.ts';
import { mappableFields } from './canonical-fields.ts';
import type { Path, Problem } from './problem.ts';
import { listAllowed, suggest } from './suggest.ts';
import type { WorkspaceFile } from './workspace-schema.ts';
import type { YamlDocument } from './yaml-document.ts';

/** The name under which the hub itself owns a field. */
const HUB = 'musubi';

/** Names in musubi.yaml that must stand elsewhere: connections and fields of policies, managers of staff. */
export function checkReferences(document: YamlDocument, file: WorkspaceFile): Problem[] {
  return [
    ...policyProblems(document, file, [...Object.keys(file.connections), HUB]),
    ...staffProblems(document, file),
    ...fieldClashes(document, file),
  ];
}

function policyProblems(document: YamlDocument, file: WorkspaceFile, owners: readonly string[]): Problem[] {
  return Object.entries(file.policy).flatMap(([target, { rule, owner, priority = [] }]) => {
    const path: Path = ['policy', target];
    const named = [
      ...(owner === undefined ? [] : [{ name: owner, path: [...path, 'owner'] }]),
      ...priority.map((name, index) => ({ name, path: [...path, 'priority', index] })),
    ];
    const unknown = named
      .filter(({ name }) => !owners.includes(name))
      .map(({ name, path: at }) =>
        document.problem(at, `no connection "${name}"; allowed: ${listAllowed(owners)}`, {
          hint: suggest(name, owners),
        }),
      );
    const isDouble = owner !== undefined && priority.length > 0;
    const double = isDouble
      ? [document.problem(path, `only one of owner and priority decides; this says ${rule} too`)]
      : [];
    return [...targetProblems(document, target, file), ...unknown, ...double];
  });
}

function targetProblems(document: YamlDocument, target: string, { customFields }: WorkspaceFile): Problem[] {
  const dot = target.indexOf('.');
  const [entity, field] = dot < 0 ? [target, ''] : [target.slice(0, dot), target.slice(dot + 1)];
  const say = (message: string, word: string, allowed: readonly string[]): Problem[] => [
    document.problem(['policy', target], `${message}; allowed: ${listAllowed(allowed, 60)}`, {
      at: 'key',
      hint: suggest(word, allowed),
    }),
  ];
  if (!(entityTypes as readonly string[]).includes(entity)) return say(`no entity "${entity}"`, entity, entityTypes);
  const fields = Object.keys(mappableFields(entity as EntityType, customFields));
  const allowed = ['*', ...(entity === 'person' ? ['consent.*'] : []), ...fields];
  return allowed.includes(field) ? [] : say(`${entity} has no field "${field}"`, field, allowed);
}

function staffProblems(document: YamlDocument, { staff }: WorkspaceFile): Problem[] {
  const emails = staff.map(({ email }) => email);
  return staff.flatMap(({ email, manager }, index) => {
    const twice =
      emails.indexOf(email) === index ? [] : [document.problem(['staff', index, 'email'], 'stands in the list twice')];
    if (manager === undefined || emails.includes(manager)) return twice;
    const message = 'the manager is not in the staff list';
    return [...twice, document.problem(['staff', index, 'manager'], message, { hint: suggest(manager, emails) })];
  });
}

/** A custom field must not take the place of one that exists. */
function fieldClashes(document: YamlDocument, { customFields }: WorkspaceFile): Problem[] {
  return Object.entries(customFields).flatMap(([entity, fields]) => {
    const own = mappableFields(entity as EntityType, {});
    return Object.keys(fields ?? {})
      .filter((name) => Object.hasOwn(own, name) || name === 'id')
      .map((name) =>
        document.problem(['customFields', entity, name], `${entity} already has a field of this name`, { at: 'key' }),
      );
  });
}
