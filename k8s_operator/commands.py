"""`alize operator …`: run it, install it, look at it, and let everything go."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from k8s_operator import settings as settings_of
from scheduler.errors import DataUnavailable, InputError

T = TypeVar("T")
# The mark before the examples keeps their lines as they are.
HELP = """Run Alizé inside a Kubernetes cluster.

\b
Examples:
  alize operator install | kubectl apply --server-side -f -
  alize operator run --kubeconfig ~/.kube/config --world world.yaml"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
)

Kubeconfig = Annotated[
    Path | None,
    typer.Option("--kubeconfig", envvar="KUBECONFIG", help="File; in a pod its own account."),
]
Context = Annotated[str | None, typer.Option("--context", help="Of the kubeconfig.")]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Where its Lease is. [alize-system]")
]
Minor = Annotated[
    int, typer.Option("--kubernetes", min=33, help="Minor version of the cluster, such as 36.")
]


@app.command()
def crds() -> None:
    """Print the CustomResourceDefinitions."""
    import yaml

    from k8s_operator.api.crds import crds as definitions

    typer.echo(yaml.safe_dump_all(definitions(), sort_keys=False, width=100), nl=False)


@app.command()
def install(
    namespace: Namespace = None,
    image: Annotated[str | None, typer.Option("--image", help="Of the operator.")] = None,
    minor: Minor = 36,
) -> None:
    """Print everything a cluster needs: definitions, rights, admission policies, two replicas."""
    from k8s_operator.install.manifests import IMAGE, manifests_text

    text = manifests_text(namespace=namespace or "alize-system", image=image or IMAGE, minor=minor)
    typer.echo(text, nl=False)


@app.command()
def resources(
    scenario: Annotated[str, typer.Argument(help="File, or a world that ships.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="Of Jobs.")] = "default",
    jobs: Annotated[bool, typer.Option("--jobs/--no-jobs", help="Its jobs too.")] = False,
) -> None:
    """Print a scenario as Sites, InferenceProfiles and, where asked, Jobs."""
    import yaml

    from k8s_operator.api.convert import bundle
    from scheduler.scenario import load

    found = bundle(load(scenario), namespace=namespace)
    shown = [*found.sites, *found.profiles, *(found.jobs if jobs else ())]
    typer.echo(yaml.safe_dump_all(shown, sort_keys=False, width=100), nl=False)


@app.command()
def run(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    world: Annotated[
        Path | None, typer.Option("--world", help="YAML with currency, policy, links, regions.")
    ] = None,
    identity: Annotated[
        str | None, typer.Option("--identity", help="Name in the Lease; host and process else.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option("--metrics-port", help="Of probes and metrics; 0 for any.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more.")] = False,
) -> None:
    """Plan and place the cluster's Jobs until told to end; every setting is ALIZE_OPERATOR_…."""
    from k8s_operator.main import run as run_operator
    from k8s_operator.main import start_logging

    chosen = settings_of.load(
        namespace=namespace, world=world, identity=identity, metrics_port=metrics_port
    )
    start_logging(verbose=verbose)
    raise typer.Exit(asyncio.run(run_operator(chosen, kubeconfig, context)))


@app.command("release-all")
def release_all(
    kubeconfig: Kubeconfig = None, context: Context = None, namespace: Namespace = None
) -> None:
    """Let go of every Job that Alizé holds, before it is removed; nobody else's is touched."""
    from k8s_operator import emergency

    chosen = settings_of.load(namespace=namespace)
    done = _with_cluster(kubeconfig, context, lambda one: emergency.release_all(one, chosen))
    _tell(done)


@app.command()
def deadman(
    kubeconfig: Kubeconfig = None, context: Context = None, namespace: Namespace = None
) -> None:
    """Let go of overdue Jobs where no operator has led for long; for a CronJob."""
    from k8s_operator import emergency

    chosen = settings_of.load(namespace=namespace)
    done = _with_cluster(kubeconfig, context, lambda one: emergency.deadman(one, chosen))
    if done is None:
        typer.echo("an operator leads: nothing is done", err=True)
    else:
        _tell(done)


@app.command()
def status(
    kubeconfig: Kubeconfig = None,
    context: Context = None,
    namespace: Namespace = None,
    output: Annotated[str, typer.Option("-o", "--output", help="table or json.")] = "table",
) -> None:
    """Say who leads, what the active plan expects, and how Sites and policies are."""
    from k8s_operator.overview import overview, table

    if output not in ("table", "json"):
        raise InputError(f"-o: must be table or json, got {output}")
    chosen = settings_of.load(namespace=namespace)
    found = _with_cluster(kubeconfig, context, lambda one: overview(one, chosen))
    typer.echo(json.dumps(found, indent=2) if output == "json" else table(found))


def _tell(done: Any) -> None:
    typer.echo(f"released {len(done.released)}, left {done.left}, failed {len(done.failed)}")
    if done.put_back:
        typer.echo(f"put back {len(done.put_back)} autoscalers and routes")
    for line in (*done.failed, *([done.warning] if done.warning else ())):
        typer.echo(line, err=True)
    if done.failed:
        raise typer.Exit(3)


def _with_cluster(
    kubeconfig: Path | None, context: str | None, work: Callable[[Any], Awaitable[T]]
) -> T:
    from k8s_operator.connection import Connection, Refused, Unreachable

    async def connected() -> T:
        connection = await Connection.load(kubeconfig, context)
        try:
            return await work(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except Unreachable as error:
        raise DataUnavailable(
            f"cluster: no answer: {error}; is it up, and the context right?"
        ) from None
    except Refused as error:
        raise DataUnavailable(f"cluster: refused: {error}") from None
