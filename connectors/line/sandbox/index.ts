import { defineSandbox } from '#sdk';
import { addAccountRoutes } from './account-routes.ts';
import { addCommonRules } from './common-rules.ts';
import { actAsPerson } from './person.ts';
import { seedWorld } from './seed.ts';
import { addSendRoutes } from './send-routes.ts';
import { addTokenRoutes } from './token-routes.ts';
import { createWorld, stateOf } from './world.ts';

/**
 * LINE's Messaging API on one origin, for all LINE connections of a workspace: each is one channel with one bot, told
 * apart by its access token. Times (reply tokens, retry keys, access tokens, months) follow the sandbox clock; rate limits
 * follow real time. Not simulated: narrowcast, audiences, rich menus, insight, group chats, message content.
 * @see https://developers.line.biz/en/reference/messaging-api/
 */
export default defineSandbox({
  build(kit) {
    const world = createWorld(kit);
    addCommonRules(world);
    addSendRoutes(world);
    addAccountRoutes(world);
    addTokenRoutes(world);
    kit.onSeed((data) => seedWorld(world, data));
    kit.onEdit((edit) => actAsPerson(world, edit));
    kit.onState(() => stateOf(world));
  },
});
