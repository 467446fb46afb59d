# What is said once of open files, mounts and limits. Lines as in look.sh: PATH:..., ours begin with
# '='. Nothing here asks a file system anything (statfs may hang): only what the kernel remembers.
g='grep -asH'
echo x | $g x >/dev/null 2>&1 || g='grep -sH'

$g '' /proc/self/mountinfo /proc/swaps /proc/mdstat /proc/sys/net/ipv4/ip_local_port_range \
	/proc/sys/net/core/somaxconn /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max \
	/proc/sys/fs/file-max /etc/resolv.conf /proc/cmdline /proc/version \
	/proc/sys/kernel/hostname /proc/sys/vm/overcommit_memory
# Linux 6.2 and later say how many files are open as the size of the folder.
stat -c '%n:%s' /proc/[0-9]*/fd 2>/dev/null
$g 'open files' /proc/[0-9]*/limits
# Names are the kernel's; those with control bytes are left out.
find /proc/[0-9]*/fd -maxdepth 1 -lname '/* (deleted)' ! -lname '*[[:cntrl:]]*' \
	! -lname '/memfd:*' ! -lname '/dev/*' ! -lname '/SYSV*' \
	-exec stat -L -c '%n:%s %D %h' {} + 2>/dev/null
# What tasks that cannot be interrupted wait for, and the paths that they have to do with: their
# folder, their open files, their arguments that are paths. Reading links asks no file system.
for stat in $(${g%H}lE '^[0-9]+ \(.*\) D ' /proc/[0-9]*/task/[0-9]*/stat | head -n 32); do
	task=${stat%/stat}
	$g '' "$task/wchan"
	{
		readlink "$task/cwd" "$task"/fd/*
		tr '\0' '\n' <"$task/cmdline"
	} 2>/dev/null | grep '^/' | grep -v '[[:cntrl:]]' | head -n 64 | sed "s|^|$task/path:|"
done
echo "= end"
