#!/usr/bin/env bash
# scripts/mpirun.sh RANKS PROGRAM [ARGUMENT...]: starts a program as so many ranks on this machine.
#
# Open MPI refuses to run as root, or more ranks than processors, unless it is told to; other MPIs
# do not know these settings and need none. MPIRUN names another mpirun.
set -euo pipefail
ranks=$1
shift
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1
# A processor for each rank, where there are as many.
binding=none
((ranks > $(nproc))) || binding=core:overload-allowed
export OMPI_MCA_hwloc_base_binding_policy=${OMPI_MCA_hwloc_base_binding_policy:-$binding}
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0}  # MPI holds memory until the end
exec "${MPIRUN:-mpirun}" -n "$ranks" "$@"
