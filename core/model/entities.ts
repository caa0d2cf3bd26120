import { activity, consent } from './entities/activity.ts';
import { campaign, product, user } from './entities/catalogue.ts';
import { company } from './entities/company.ts';
import { membership, purchase, survey, ticket } from './entities/customer-history.ts';
import { deal } from './entities/deal.ts';
import { person } from './entities/person.ts';
import type { EntityType, FieldSpecs } from './field-spec.ts';

/** Every canonical field of every entity. A workspace adds its own under `customFields:`. */
export const entities: Readonly<Record<EntityType, FieldSpecs>> = {
  person,
  company,
  deal,
  activity,
  consent,
  purchase,
  ticket,
  survey,
  membership,
  user,
  product,
  campaign,
};

export * from './codes.ts';
export type { CodeSpec, EntityType, FieldFormat, FieldSpec, FieldSpecs, FieldType, Label } from './field-spec.ts';
export { entityTypes } from './field-spec.ts';
