import type { CommandDeclaration } from '../command.ts'
import { backupCommand } from './backup.ts'
import { catCommand } from './cat.ts'
import { completionCommand } from './completion.ts'
import { copyCommand } from './copy.ts'
import { gcCommand } from './gc.ts'
import { holdAddCommand } from './hold-add.ts'
import { holdLsCommand } from './hold-ls.ts'
import { holdRmCommand } from './hold-rm.ts'
import { indexAcceptCommand } from './index-accept.ts'
import { indexRebuildCommand } from './index-rebuild.ts'
import { leaseBreakCommand } from './lease-break.ts'
import { leaseLsCommand } from './lease-ls.ts'
import { lsCommand } from './ls.ts'
import { pluginAddCommand } from './plugin-add.ts'
import { pluginLsCommand } from './plugin-ls.ts'
import { pointAddCommand } from './point-add.ts'
import { pointLsCommand } from './point-ls.ts'
import { pointRmCommand } from './point-rm.ts'
import { pruneCommand } from './prune.ts'
import { restoreCommand } from './restore.ts'
import { showCommand } from './show.ts'
import { storageProbeCommand } from './storage-probe.ts'
import { storageVerifyCommand } from './storage-verify.ts'
import { verifyCommand } from './verify.ts'

/** Every command, in the order of the help. */
export const commands: readonly CommandDeclaration[] = [
  backupCommand,
  restoreCommand,
  lsCommand,
  showCommand,
  catCommand,
  verifyCommand,
  copyCommand,
  pruneCommand,
  gcCommand,
  holdAddCommand,
  holdLsCommand,
  holdRmCommand,
  pointAddCommand,
  pointLsCommand,
  pointRmCommand,
  indexAcceptCommand,
  indexRebuildCommand,
  leaseLsCommand,
  leaseBreakCommand,
  storageProbeCommand,
  storageVerifyCommand,
  pluginAddCommand,
  pluginLsCommand,
  completionCommand(() => commands),
]
