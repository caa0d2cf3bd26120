import { Command } from 'commander';
import { readProcessSettings } from './config/process-env.ts';
import { HubError } from './sdk/errors.ts';

/** One command: its words in both languages and what it does. Modules are loaded when the command is run. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const settings = readProcessSettings();
  const ja = settings.language === 'ja';
  const say = (japanese: string, english: string) => (ja ? japanese : english);
  const program = new Command('musubi')
    .description(say('顧客データの同期とオーケストレーションのハブ', 'Headless sync and orchestration hub for customer data'))
    .option('-w, --workspace <folder>', say('ワークスペースのフォルダー（musubi.yaml のある場所）', 'workspace folder (where musubi.yaml is)'))
    .showHelpAfterError();

  program
    .command('demo')
    .description(say('サンドボックスとデモを動かす（アカウント不要）', 'run the demo against built-in sandboxes (no account needed)'))
    .option('--once', say('デモの後で終了する', 'end after the stories'))
    .action(async (options: { once?: boolean }) => {
      const { demo } = await import('./cli/demo.ts');
      process.exitCode = await demo({ settings, folder: program.opts().workspace, once: options.once === true });
    });
  program
    .command('start')
    .description(say('ハブを起動する', 'start the hub'))
    .option('--force-unlock', say('残っているロックを外して起動する', 'start although the lock of the embedded database looks held'))
    .action(async (options: { forceUnlock?: boolean }) => {
      const { start } = await import('./cli/start.ts');
      await start({ settings, folder: program.opts().workspace, forceUnlock: options.forceUnlock === true });
    });
  program
    .command('sandbox')
    .description(say('ワークスペースの接続先を模したサンドボックスを起動する', 'start the simulated vendors of a workspace'))
    .action(async () => {
      const { sandbox } = await import('./cli/sandbox.ts');
      await sandbox({ settings, folder: program.opts().workspace });
    });

  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
