import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { type ConnectorInfos, type LoadedWorkspace, loadWorkspace } from '../../../core/config/load-workspace.ts';

/** Two invented connectors: a customer database and a chat. */
export const connectors: ConnectorInfos = {
  crm: {
    id: 'crm',
    configSchema: z.strictObject({ token: z.string().min(1), baseUrl: z.url().default('https://crm.example.com') }),
    objects: ['contacts', 'events'],
    actions: {},
  },
  chat: {
    id: 'chat',
    configSchema: z.strictObject({ botToken: z.string().min(1) }),
    objects: ['messages'],
    actions: {
      alert: {
        inputSchema: z.strictObject({
          to: z.enum(['owner', 'manager']).optional(),
          channel: z.string().optional(),
          text: z.string(),
          buttons: z.array(z.enum(['claim', 'snooze', 'dismiss'])).optional(),
          priority: z.int().optional(),
        }),
        texts: ['text'],
        effectClass: 'C',
        kind: 'staff',
        escape: (value) => value.replaceAll('&', '&amp;').replaceAll('<', '&lt;'),
      },
      reply: {
        inputSchema: z.strictObject({ text: z.string() }),
        texts: ['text'],
        effectClass: 'D',
        kind: 'transactional',
      },
    },
  },
};

export type Files = Readonly<Record<string, string>>;

/** Writes a workspace (and what ships beside it) to a folder of its own, loads it and removes it. */
export async function loadFiles(
  files: Files,
  shipped: Files = {},
  env: Record<string, string> = {},
): Promise<LoadedWorkspace> {
  const root = mkdtempSync(path.join(tmpdir(), 'musubi-config-'));
  try {
    for (const [folder, contents] of Object.entries({ own: files, shipped })) {
      mkdirSync(path.join(root, folder), { recursive: true });
      for (const [name, text] of Object.entries(contents)) {
        mkdirSync(path.dirname(path.join(root, folder, name)), { recursive: true });
        writeFileSync(path.join(root, folder, name), text);
      }
    }
    return await loadWorkspace({
      folder: path.join(root, 'own'),
      shippedFolder: path.join(root, 'shipped'),
      env,
      connectors,
    });
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

export const MAIN = `
workspace: { name: sakura, publicUrl: "\${MUSUBI_PUBLIC_URL:-https://sakura.example.jp}" }
connections:
  crm-jp: { connector: crm, token: "\${CRM_TOKEN}", poll: 60s }
  chat:   { connector: chat, botToken: x }
policy:
  person.phone: newest
  person.jobTitle: { owner: crm-jp }
  deal.*: { priority: [crm-jp, chat], onBlank: ask }
  person.consent.*: strictest
customFields: { person: { favouriteProduct: { type: string, label: { ja: 好きな商品, en: Favourite product } } } }
events: { demo_view: { properties: { plan: string } } }
staff:
  - { name: 田中 一郎, email: Tanaka@example.co.jp, slack: U0TANAKA01, manager: yamamoto@example.co.jp }
  - { name: 山本 花子, email: yamamoto@example.co.jp }
channels: { cs-urgent: C0CSURGENT }
calendar: { businessHours: "09:00-18:00", extraHolidays: [2026-12-29] }
gate: { quietHours: "21:00-09:00", quietDays: [sunday, holiday], cap: { count: 3, per: 7d } }
segments: { top20: "rank(person.revenue12m) <= 0.2" }
intake: { maxPending: 5000 }
`;

export const CONTACTS = `
object: contacts
entity: person
identify: [email, phone]
fields:
  email:    { at: properties.email, as: email, write: true }
  phone:    { at: properties.phone, write: true }
  jobTitle: { at: properties.jobtitle, write: true }
  lifecycleStage: { at: properties.lifecyclestage, values: { lead: lead, marketingqualifiedlead: mql, customer: customer }, write: true }
  fullName: { cel: "join([r.properties.?lastname, r.properties.?firstname], ' ')" }
  birthday: { at: properties.birthday }
  lastActivityAt: { at: properties.seen }
  tags:     { at: properties.tags, write: true }
  doNotContact: { at: properties.optout, as: bool }
  favouriteProduct: { at: properties.product }
  leadSource: { const: Web }
  score:    { to: properties.musubi_score }
  consent.email: { at: properties.optout, values: { true: withdrawn, false: granted } }
links:
  company:  { object: companies, at: associations.companies }
tests:
  - given:  { id: "1", properties: { email: "Taro@Example.co.jp ", lifecyclestage: lead } }
    expect: { email: taro@example.co.jp, lifecycleStage: lead, leadSource: Web }
`;

export const RULE = `
title: { ja: 失注案件の掘り起こし, en: Lost-deal revival }
when: { activity: [page_view, demo_view] }
per: deal
if: "deal.status == 'lost' && days_since(deal.closedAt) >= 60 && points >= 6"
points: { page_view: { where: "activity.path == '/pricing'", count: 3, within: 48h, give: 3 }, email_click: 2 }
cooldown: 14d
then:
  - chat.alert: { to: owner, text: { ja: "{{ person.lastName }}様が料金ページを見ました", en: "{{ person.lastName }} saw the prices" }, buttons: [claim] }
    thread: "revival/{{ run.id }}"
  - if: "is_blank(person.email)"
    then: [ { wait: 1d } ]
    else:
      - wait: { for: 3d, at: "10:00", days: business }
      - chat.reply: { text: "ご検討はいかがですか" }
        kind: promotional
on: { claim: [ { chat.alert: { channel: "#cs-urgent", text: "{{ staff_by.name }}が対応します" } } ] }
tests:
  - given: { activity: { kind: page_view }, deal: { status: lost }, now: "2026-09-02T10:00:00+09:00" }
    expect: { fires: false }
`;
