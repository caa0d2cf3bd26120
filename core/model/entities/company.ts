import { type FieldSpecs, field, refTo } from '../field-spec.ts';
import { addressFields } from './address-fields.ts';

export const company: FieldSpecs = {
  name: field('string', '会社名', 'Company name', { format: 'company_name' }),
  nameKana: field('string', '会社名カナ', 'Company name (kana)', { format: 'kana' }),
  legalForm: field('string', '法人格', 'Legal form'),
  /** 法人番号: 13 digits with a check digit. */
  corporateNumber: field('string', '法人番号', 'Corporate number', { format: 'corporate_number' }),
  domain: field('string', 'ドメイン', 'Domain', { format: 'domain' }),
  website: field('url', 'Webサイト', 'Website'),
  phone: field('phone', '電話番号', 'Phone'),
  industry: field('string', '業種', 'Industry'),
  employees: field('int', '従業員数', 'Employees'),
  annualRevenue: field('money', '年間売上', 'Annual revenue'),
  ...addressFields,
  parentRef: refTo('company', '親会社', 'Parent company'),
  ownerRef: refTo('user', '担当者', 'Owner'),
  tier: field('string', '企業ランク', 'Tier'),
  tags: field('enumSet', 'タグ', 'Tags'),
};
