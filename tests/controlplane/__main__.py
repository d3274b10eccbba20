"""`python -m tests.controlplane build|run`: have the programs, or a control plane to play with."""

import sys
import time

from tests.controlplane.controlplane import control_plane
from tests.controlplane.gateway import build_routes
from tests.controlplane.prometheus import prometheus
from tests.controlplane.tools import KUBERNETES, NoControlPlane, programs


def main() -> int:
    wanted = sys.argv[1] if len(sys.argv) > 1 else "build"
    if wanted not in ("build", "run"):
        sys.stderr.write(f"python -m tests.controlplane: must be build or run, got {wanted}\n")
        return 2
    try:
        tools = programs()
        build_routes()
    except NoControlPlane as error:
        sys.stderr.write(f"{error}\n")
        return 3
    sys.stdout.write(f"Kubernetes {KUBERNETES}: {tools['kube-apiserver'].parent}\n")
    try:
        sys.stdout.write(f"Prometheus: {prometheus().folder}\n")
    except NoControlPlane as error:
        sys.stderr.write(f"{error}; tests that ask one skip\n")
    if wanted == "run":
        begun = time.monotonic()
        with control_plane(tools=tools) as plane:
            spent = time.monotonic() - begun
            sys.stdout.write(f"up in {spent:.1f} s: export KUBECONFIG={plane.kubeconfig}\n")
            sys.stdout.flush()
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                pass
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
