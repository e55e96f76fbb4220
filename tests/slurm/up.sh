#!/usr/bin/env bash
# Start a SLURM of one node on this machine, for tests: as root, no systemd, no accounting database.
# Needs slurmctld, slurmd, slurm-client and munge (Debian, Ubuntu). `down.sh` stops what this has started.
set -euo pipefail

node=$(hostname -s)
memory_mb=${SLURM_TEST_MEMORY_MB:-4000}

# Real limits of memory where there are control groups; else the gatherer, which looks every second, kills.
groups=/sys/fs/cgroup
if [ -d $groups/memory ] && [ -d $groups/freezer ] && [ -d $groups/cpuset ]; then
    printf '%s\n' CgroupPlugin=cgroup/v1 CgroupMountpoint=$groups ConstrainRAMSpace=yes > /etc/slurm/cgroup.conf
    limits="ProctrackType=proctrack/cgroup
TaskPlugin=task/cgroup
JobAcctGatherType=jobacct_gather/cgroup"
else
    limits="ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill,UsePss"
fi

cat > /etc/slurm/slurm.conf << END
ClusterName=cpimaging
SlurmctldHost=$node(127.0.0.1)
SlurmUser=slurm
AuthType=auth/munge
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=/var/log/slurm/slurmctld.log
SlurmdLogFile=/var/log/slurm/slurmd.log
StateSaveLocation=/var/lib/slurm/slurmctld
SlurmdSpoolDir=/var/lib/slurm/slurmd
$limits
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName=$node NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory_mb State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
END

install -d -o munge -g munge -m 755 /run/munge
install -d -o munge -g munge -m 700 /var/log/munge /var/lib/munge
install -d -o slurm -g slurm -m 755 /var/log/slurm /var/lib/slurm /var/lib/slurm/slurmctld
install -d /var/lib/slurm/slurmd

until_true() {
    for _ in $(seq 100); do
        "$@" > /dev/null 2>&1 && return
        sleep 0.2
    done
    echo "tests/slurm/up.sh: not up after 20 s: $*" >&2
    exit 1
}
answers() { scontrol ping | grep -q UP; }
idle() { sinfo --noheader --format %T | grep -q idle; }

id slurmtest > /dev/null 2>&1 || useradd --create-home slurmtest
runuser -u munge -- /usr/sbin/munged
until_true munge -n
slurmctld
until_true answers
slurmd
until_true idle
