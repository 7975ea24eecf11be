#pragma once

namespace synckit {

/* Registers the launcher with the postmaster; called from _PG_init while libraries are preloaded.
 */
void register_launcher();

} // namespace synckit
