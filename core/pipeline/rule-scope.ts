import type { RuleScope } from '../config/expressions.ts';
import type { TemplateScope } from '../config/templates.ts';
import { activityKinds } from '../model/entities.ts';
import type { Sign } from '../rules/evaluate.ts';
import type { ActionScope, Address, StaffMember } from '../sdk/action.ts';
import type { JsonObject, JsonValue } from '../sdk/json.ts';
import type { ActivityRow } from '../store/activities.ts';
import type { EntityRow } from '../store/entities.ts';
import type { Setup } from './setup.ts';

/** What a firing rule knows when its steps are planned: the data of conditions, templates and actions. */
export interface FiringScope {
  readonly rule: RuleScope;
  readonly signs: readonly Sign[];
  readonly history: readonly ActivityRow[];
  readonly addresses: readonly Address[];
  readonly runId: string;
  readonly staffBy: StaffMember | null;
}

/** A person as conditions and templates see it: canonical and custom fields side by side. */
export const personView = (row: EntityRow): JsonObject => ({ id: row.id, ...row.fields, ...row.custom });

const HISTORY_SHOWN = 20;

/** The scope of Liquid templates. Everything is plain data; absent is null. */
export function templateScope(firing: FiringScope, setup: Setup, locale: 'ja' | 'en'): TemplateScope {
  const { owner, manager } = staffOf(firing, setup);
  const { name, publicUrl, timeZone } = setup.workspace;
  return {
    ...firing.rule,
    owner: asJson(owner),
    manager: asJson(manager),
    staff_by: asJson(firing.staffBy),
    signs: firing.signs.map((sign) => ({
      kind: sign.kind,
      occurredAt: sign.occurredAtMs,
      text: signText(sign, locale),
    })),
    history: firing.history
      .filter((one) => one.body !== null)
      .slice(-HISTORY_SHOWN)
      .map((one) => ({ at: one.occurredAtMs, from: one.direction === 'out' ? 'us' : 'customer', text: one.body })),
    run: { id: firing.runId },
    workspace: { name, publicUrl, timeZone, locale: setup.workspace.locale },
  };
}

function signText(sign: Sign, locale: 'ja' | 'en'): string {
  const label = activityKinds.find((one) => one.code === sign.kind)?.label[locale] ?? sign.kind;
  const metadata = (sign.activity.metadata ?? {}) as JsonObject;
  const detail = metadata.path ?? sign.activity.subject;
  return typeof detail === 'string' && detail !== '' ? `${label} ${detail}` : label;
}

/** The scope an action binds its input from. */
export function actionScope(firing: FiringScope, setup: Setup, locale: 'ja' | 'en'): ActionScope {
  return {
    locale,
    activity: firing.rule.activity,
    person: firing.rule.person,
    addresses: firing.addresses,
    ...staffOf(firing, setup),
    staff: setup.workspace.staff,
    channels: setup.workspace.channels,
  };
}

/** The owner of the deal, else of the person, and the owner's manager, from the staff list. */
function staffOf(firing: FiringScope, setup: Setup): { owner: StaffMember | null; manager: StaffMember | null } {
  const email = firing.rule.deal?.ownerRef ?? firing.rule.person?.ownerRef;
  const find = (wanted: JsonValue | undefined) => setup.workspace.staff.find((one) => one.email === wanted) ?? null;
  const owner = find(email);
  return { owner, manager: owner?.manager ? find(owner.manager) : null };
}

const asJson = (staff: StaffMember | null): JsonObject | null =>
  staff === null ? null : ({ ...staff } as unknown as JsonObject);

/** Staff read the workspace's language; a customer one's own where it is known. */
export function localeFor(kind: string, person: JsonObject | null, setup: Setup): 'ja' | 'en' {
  if (kind === 'staff' || typeof person?.language !== 'string') return setup.workspace.locale;
  return person.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}
