import { Command, CommanderError, Option } from 'commander';
import type { CommandContext } from './cli/command-context.ts';
import { type CommandEntry, commands, groups } from './cli/commands.ts';
import { reportError } from './cli/report-error.ts';
import { createTerminal, type Terminal } from './cli/terminal.ts';
import { readProcessSettings } from './config/process-env.ts';

const WRONG_USAGE = 2;
/** A command that failed may leave a timer or a server behind; it must end all the same. */
const END_AFTER_FAILURE_MS = 1_000;

/** Runs one command of `musubi`. Exit codes: 0 all is well, 1 something is wrong, 2 the command was written wrong. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const given = readProcessSettings();
  const settings = { ...given, language: languageIn(argv) ?? given.language };
  const terminal = createTerminal(settings.language);
  const program = createProgram(terminal, async (entry, args, options) => {
    const { workspace, data } = program.opts<{ workspace?: string; data?: string }>();
    const context: CommandContext = { settings, folder: workspace, dataDir: data, terminal };
    process.exitCode = await entry.run(context, args, options);
  });
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
      return;
    }
    reportError(error, terminal, { isDebug: settings.logLevel === 'debug' });
    process.exitCode = 1;
    setTimeout(() => process.exit(), END_AFTER_FAILURE_MS).unref();
  }
}

type Run = (entry: CommandEntry, args: readonly string[], options: Readonly<Record<string, unknown>>) => Promise<void>;

function createProgram(terminal: Terminal, run: Run): Command {
  const { pick } = terminal;
  const program = new Command('musubi')
    .description(
      pick('顧客データの同期とオーケストレーションのハブ', 'Headless sync and orchestration hub for customer data'),
    )
    .option(
      '-w, --workspace <folder>',
      pick('ワークスペースのフォルダー（musubi.yaml のある場所）', 'workspace folder (where musubi.yaml is)'),
    )
    .option(
      '--data <folder>',
      pick('組み込みデータベースの保存先', 'where the embedded database lives (default: <workspace>/.musubi/data)'),
    )
    .addOption(new Option('--lang <language>', pick('表示言語', 'language of the output')).choices(['ja', 'en']))
    .exitOverride()
    .showHelpAfterError(pick('使い方は musubi --help で表示できます。', 'See musubi --help.'));
  speak(program, terminal);
  program.addHelpText(
    'after',
    pick(
      '\n終了コード：0 正常、1 問題あり、2 コマンドの書き方の誤り',
      '\nExit codes: 0 all is well, 1 something is wrong, 2 wrong usage',
    ),
  );
  for (const entry of commands) add(program, entry, terminal, run);
  return program;
}

function add(program: Command, entry: CommandEntry, terminal: Terminal, run: Run): void {
  const [first = '', ...rest] = entry.usage.split(' ');
  const isGrouped = Object.hasOwn(groups, first);
  const parent = isGrouped ? groupOf(program, first, terminal) : program;
  const command = parent.command(isGrouped ? rest.join(' ') : entry.usage).description(terminal.pick(...entry.words));
  speak(command, terminal);
  for (const { flags, words, default: value } of entry.options ?? []) {
    command.addOption(new Option(flags, terminal.pick(...words)).default(value));
  }
  command.action(() => run(entry, command.args, command.opts()));
}

function groupOf(program: Command, name: string, terminal: Terminal): Command {
  const known = program.commands.find((one) => one.name() === name);
  if (known) return known;
  const group = program.command(name).description(terminal.pick(...(groups[name] ?? ['', ''])));
  speak(group, terminal);
  return group;
}

const TITLES: Readonly<Record<string, string>> = {
  'Usage:': '使い方：',
  'Arguments:': '引数：',
  'Options:': 'オプション：',
  'Commands:': 'コマンド：',
};

/** Puts commander's own words into the terminal's language. */
function speak(command: Command, { pick }: Terminal): void {
  command.helpOption('-h, --help', pick('ヘルプを表示する', 'show help')).helpCommand(false);
  command.configureHelp({ styleTitle: (title) => pick(TITLES[title] ?? title, title) });
}

/** Help is made before options are read, so the language is looked for first. */
function languageIn(argv: readonly string[]): 'ja' | 'en' | undefined {
  const at = argv.findIndex((one) => one === '--lang' || one.startsWith('--lang='));
  const value = argv[at]?.includes('=') ? argv[at]?.split('=')[1] : argv[at + 1];
  return at >= 0 && (value === 'ja' || value === 'en') ? value : undefined;
}
