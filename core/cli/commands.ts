import type { CommandContext } from './command-context.ts';
import type { Terminal } from './terminal.ts';
import type { StoreAtHand } from './with-store.ts';
import { quickstartFolder } from './workspace-folder.ts';

type Wording = readonly [ja: string, en: string];

export interface CommandOption {
  readonly flags: string;
  readonly words: Wording;
  readonly default?: unknown;
}

/** One command of `musubi`. Its module is loaded when it is run. */
export interface CommandEntry {
  /** Name and arguments; a name of two words belongs to a group. */
  readonly usage: string;
  readonly words: Wording;
  readonly options?: readonly CommandOption[];
  readonly run: (
    context: CommandContext,
    args: readonly string[],
    options: Readonly<Record<string, unknown>>,
  ) => Promise<number>;
}

/** What the groups are about. */
export const groups: Readonly<Record<string, Wording>> = {
  token: ['API トークンを管理する', 'manage API tokens'],
  dead: ['処理できなかったイベントと送信を扱う', 'look after events and effects that failed'],
};

/** Runs a command on the workspace's store; only `create` makes one that is not there yet. */
async function onStore(
  context: CommandContext,
  work: (store: StoreAtHand, terminal: Terminal) => Promise<number>,
  { create }: { readonly create: boolean } = { create: false },
): Promise<number> {
  const { withStore } = await import('./with-store.ts');
  return withStore(context, { create }, (store) => work(store, context.terminal));
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const commands: readonly CommandEntry[] = [
  {
    usage: 'demo',
    words: [
      'サンドボックスとデモを動かす（アカウント不要）',
      'run the demo against built-in sandboxes (no account needed)',
    ],
    options: [{ flags: '--once', words: ['デモの後で終了する', 'end after the story'] }],
    run: async (given, _args, { once }) => {
      const context = { ...given, folder: given.folder ?? quickstartFolder };
      (await import('./refuse-locked.ts')).refuseLocked(context);
      return (await import('./demo.ts')).demo(context, { once: once === true });
    },
  },
  {
    usage: 'start',
    words: ['ハブを起動する', 'start the hub'],
    options: [
      {
        flags: '--force-unlock',
        words: ['残っているロックを外して起動する', 'start although the lock of the embedded database looks held'],
      },
    ],
    run: async (context, _args, { forceUnlock }) => {
      if (forceUnlock !== true) (await import('./refuse-locked.ts')).refuseLocked(context);
      return (await import('./start.ts')).start(context, { forceUnlock: forceUnlock === true });
    },
  },
  {
    usage: 'sandbox',
    words: ['ワークスペースの接続先を模したサンドボックスを起動する', 'start the simulated vendors of a workspace'],
    run: async (context) => (await import('./sandbox.ts')).sandbox(context),
  },
  {
    usage: 'check',
    words: ['設定ファイルをすべて調べ、問題を一度に表示する', 'check every file and list every problem at once'],
    run: async (context) => (await import('./check.ts')).check(context),
  },
  {
    usage: 'test [path]',
    words: ['マッピングとルールに書かれたテストを実行する', 'run the tests that mappings and rules carry'],
    run: async (context, [path]) => (await import('./test.ts')).test(context, path),
  },
  {
    usage: 'stories [ids...]',
    words: ['受け入れストーリーを実行する（例：A19）', 'run acceptance stories, e.g. A19'],
    run: async (context, ids) => (await import('./stories.ts')).stories(context, ids),
  },
  {
    usage: 'status',
    words: ['受信・送信・実行・接続の状態を表示する', 'show what waits, what failed and how the connections do'],
    options: [{ flags: '--json', words: ['JSON で出力する', 'print JSON'] }],
    run: async (context, _args, { json }) => {
      const { connectorsInUse, status } = await import('./status.ts');
      const connectors = await connectorsInUse(context);
      return onStore(context, (store, terminal) => status(store, terminal, { connectors, isJson: json === true }));
    },
  },
  {
    usage: 'why <what...>',
    words: [
      '値・送信・イベントの理由を説明する：why person <ID・メール・LINE ID> [項目]、why send <ID>、why event <ID>',
      'explain a value, a send or an event: why person <id|email|id in a tool> [field], why send <id>, why event <id>',
    ],
    run: async (context, words) => {
      const { readQuestion, why } = await import('./why.ts');
      const question = readQuestion(words);
      return onStore(context, (store, terminal) => why(store, terminal, question));
    },
  },
  {
    usage: 'dead list',
    words: ['処理できなかったものを理由ごとに表示する', 'list what failed, by reason'],
    options: [{ flags: '--code <code>', words: ['このコードだけを表示する', 'only this code'] }],
    run: async (context, _args, { code }) => {
      const { listDead } = await import('./dead.ts');
      return onStore(context, (store, terminal) => listDead(store, terminal, { code: text(code) }));
    },
  },
  {
    usage: 'dead show <id>',
    words: ['1件の詳細を表示する', 'show one of them in full'],
    run: async (context, [id = '']) => {
      const { showDead } = await import('./dead.ts');
      return onStore(context, (store, terminal) => showDead(store, terminal, id));
    },
  },
  {
    usage: 'dead retry [id]',
    words: ['再実行に回す', 'plan it again'],
    options: [
      { flags: '--all', words: ['すべてを対象にする', 'all of them'] },
      { flags: '--code <code>', words: ['このコードだけを対象にする（--all と併用）', 'only this code (with --all)'] },
      {
        flags: '--even-if-unknown',
        words: [
          '届いたかどうか分からない送信も再送する（二重に届くことがあります）',
          'also effects that may have arrived (they may arrive twice)',
        ],
      },
    ],
    run: async (context, [id], { all, code, evenIfUnknown }) => {
      const { retryDead, retryOptions } = await import('./dead.ts');
      const options = retryOptions(id, all === true, { code: text(code), isEvenIfUnknown: evenIfUnknown === true });
      return onStore(context, (store, terminal) => retryDead(store, terminal, options));
    },
  },
  {
    usage: 'token create',
    words: ['トークンを作成する（表示は一度だけ）', 'make a token (shown once)'],
    options: [
      { flags: '--name <name>', words: ['用途が分かる名前', 'what it is for'], default: 'cli' },
      { flags: '--scope <scope...>', words: ['権限。複数指定可', 'scope, repeatable'], default: ['viewer'] },
      {
        flags: '--expires <duration>',
        words: ['有効期間。例：90d、never', 'how long it is valid, e.g. 90d, never'],
        default: '90d',
      },
    ],
    run: async (context, _args, { name, scope, expires }) => {
      const { createApiToken, tokenOptions } = await import('./token.ts');
      const scopes = Array.isArray(scope) ? scope.map(String) : [];
      const options = tokenOptions(String(name), scopes, String(expires), Date.now());
      return onStore(context, (store, terminal) => createApiToken(store, terminal, options), { create: true });
    },
  },
  {
    usage: 'token list',
    words: ['トークンの一覧を表示する', 'list the tokens'],
    run: async (context) => {
      const { listApiTokens } = await import('./token.ts');
      return onStore(context, listApiTokens);
    },
  },
  {
    usage: 'token revoke <id>',
    words: ['トークンを失効させる（ID または先頭部分）', 'revoke a token by its id or its beginning'],
    run: async (context, [id = '']) => {
      const { revokeApiToken } = await import('./token.ts');
      return onStore(context, (store, terminal) => revokeApiToken(store, terminal, id));
    },
  },
  {
    usage: 'schema [name]',
    words: [
      'エディター用の JSON Schema を出力する：musubi、mapping、rule',
      'print the JSON Schema for editors: musubi, mapping or rule',
    ],
    options: [{ flags: '--out <folder>', words: ['3つすべてをフォルダーに書き出す', 'write all three into a folder'] }],
    run: async (context, [name], { out }) => (await import('./schema.ts')).schema(context, { name, out: text(out) }),
  },
];
