import { SlackRefusal } from './arguments.ts';
import type { Call, Method } from './method.ts';
import { userShape } from './shapes.ts';
import type { User } from './workspace.ts';

/** https://docs.slack.dev/reference/methods: auth.test, team.info, users.info, users.lookupByEmail */
export const users: Readonly<Record<string, Method>> = {
  'auth.test': {
    scopes: [],
    run: ({ app, workspace: { team } }) => ({
      url: `https://${team.domain}.slack.com/`,
      team: team.name,
      user: 'musubi',
      team_id: team.id,
      user_id: app.botUserId,
      bot_id: app.botId,
      is_enterprise_install: false,
    }),
  },
  'team.info': {
    scopes: ['team:read'],
    run: ({ workspace: { team } }) => ({ team: { id: team.id, name: team.name, domain: team.domain } }),
  },
  'users.info': {
    scopes: ['users:read'],
    run: (call) => {
      const user = call.workspace.users.get(call.args.required('user'));
      if (!user) throw new SlackRefusal('user_not_found');
      return { user: userShape(call.workspace, user) };
    },
  },
  'users.lookupByEmail': {
    scopes: ['users:read.email'],
    run: (call) => ({ user: userShape(call.workspace, byEmail(call)) }),
  },
};

function byEmail({ args, workspace }: Call): User {
  const email = args.required('email').toLowerCase();
  const user = [...workspace.users.values()].find((one) => one.email?.toLowerCase() === email);
  // Slack does not find deactivated people by address.
  if (!user || user.deactivated) throw new SlackRefusal('users_not_found');
  return user;
}
