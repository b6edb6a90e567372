"""Calls every operation that the emulator claims with the official SDK.

Usage: emulator.py ENDPOINT ACCESS_KEY SECRET_KEY

The emulator verifies that key pair. Its state holds the user `ci-bot`, in cn-east-3 the organization `team-b`, and in
cn-north-4 the project `platform` with the mirror `app` (id 123) and the ordinary repository `plain` (id 124). Another
client pushes the tag `v1` right before the manual copy. The endpoint names no region: cn-north-4 is where the SDK's
requests belong. Which operations were asked is compared by the caller, with the emulator's journal.
"""

import sys

from huaweicloudsdkcodeartsrepo.v3 import CodeArtsRepoClient as CodeArtsRepoClientV3
from huaweicloudsdkcodeartsrepo.v3 import ListUserAllRepositoriesRequest
from huaweicloudsdkcodeartsrepo import v4 as codearts
from huaweicloudsdkcore.auth.credentials import BasicCredentials, GlobalCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdkiam import v3 as iam
from huaweicloudsdkswr import v2 as swr

ENDPOINT, ACCESS_KEY, SECRET_KEY = sys.argv[1:]
REGION = "cn-north-4"
NAMES = {"namespace": "team-a", "repository": "group$app"}
RULE = {"remote_region_id": "cn-east-3", "remote_namespace": "team-b"}
URL = "https://git.example.com/other.git"


def equal(found, expected):
    assert found == expected, f"expected {expected!r}, found {found!r}"


def refused(status, call, request):
    """The call is refused with that status."""
    try:
        call(request)
    except ClientRequestException as error:
        equal(error.status_code, status)
        return error
    raise AssertionError(f"expected {status}")


def client(kind, secret_key=SECRET_KEY):
    """A client that finds its project through IAM, as it does without configuration."""
    credentials = BasicCredentials(ACCESS_KEY, secret_key).with_iam_endpoint(ENDPOINT)
    return kind.new_builder().with_credentials(credentials).with_region(Region(REGION, ENDPOINT)).build()


def organizations(service):
    body = swr.CreateNamespaceRequestBody(namespace="team-a")
    equal(service.create_namespace(swr.CreateNamespaceRequest(body=body)).status_code, 201)
    refused(409, service.create_namespace, swr.CreateNamespaceRequest(body=body))
    for request in [swr.ListNamespacesRequest(), swr.ListNamespacesRequest(filter="namespace::team-a")]:
        equal([found.name for found in service.list_namespaces(request).namespaces], ["team-a"])
    shown = service.show_namespace(swr.ShowNamespaceRequest(namespace="team-a"))
    equal((shown.name, shown.auth), ("team-a", 7))
    refused(404, service.show_namespace, swr.ShowNamespaceRequest(namespace="team-b"))
    [quota] = service.list_quotas(swr.ListQuotasRequest()).quotas
    equal((quota.quota_key, quota.used), ("namespace", 1))
    gates = service.show_share_feature_gates(swr.ShowShareFeatureGatesRequest())
    equal(gates.enable_image_sync, True)


def repositories(service):
    body = swr.CreateRepoRequestBody(
        repository="group/app", is_public=False, category="linux", description="demo \u955c\u50cf"
    )
    equal(service.create_repo(swr.CreateRepoRequest(namespace="team-a", body=body)).status_code, 201)
    refused(409, service.create_repo, swr.CreateRepoRequest(namespace="team-a", body=body))
    for request in [
        swr.ListReposDetailsRequest(namespace="team-a", limit="100", offset="0"),
        swr.ListReposDetailsRequest(filter="namespace::team-a|limit::100|offset::0"),
    ]:
        listed = service.list_repos_details(request)
        equal([(found.name, found.category) for found in listed.body], [("group/app", "linux")])
        equal(listed.content_range, "0-1/1")
    equal(service.show_repository(swr.ShowRepositoryRequest(**NAMES)).description, "demo \u955c\u50cf")
    overview = service.show_domain_overview(swr.ShowDomainOverviewRequest())
    equal((overview.namspace_num, overview.repo_num, overview.domain_name), (1, 1, "emulator"))
    body = swr.UpdateRepoRequestBody(is_public=True, category="other", description="")
    equal(service.update_repo(swr.UpdateRepoRequest(**NAMES, body=body)).status_code, 201)
    shown = service.show_repository(swr.ShowRepositoryRequest(**NAMES))
    equal((shown.name, shown.is_public, shown.category, shown.description), ("group/app", True, "other", ""))
    # Here a slash is a part of the path, which no operation has.
    request = swr.ShowRepositoryRequest(namespace="team-a", repository="group/app")
    equal(refused(404, service.show_repository, request).error_code, "APIGW.0101")


def rules(service):
    equal("cn-east-3" in [found.region_id for found in service.list_sync_regions(swr.ListSyncRegionsRequest()).body], True)
    body = swr.CreateImageSyncRepoRequestBody(**RULE, sync_auto=True, override=False)
    equal(service.create_image_sync_repo(swr.CreateImageSyncRepoRequest(**NAMES, body=body)).status_code, 200)
    request = swr.ListImageAutoSyncReposDetailsRequest(**NAMES)
    [rule] = service.list_image_auto_sync_repos_details(request).body
    equal((rule.remote_region_id, rule.remote_namespace), ("cn-east-3", "team-b"))
    equal((rule.repo_name, rule.sync_auto, rule.override), ("group/app", True, False))
    body = swr.DeleteImageSyncRepoRequestBody(**RULE)
    equal(service.delete_image_sync_repo(swr.DeleteImageSyncRepoRequest(**NAMES, body=body)).status_code, 200)
    refused(400, service.delete_image_sync_repo, swr.DeleteImageSyncRepoRequest(**NAMES, body=body))
    # The SDK makes nothing of an empty list.
    equal(service.list_image_auto_sync_repos_details(request).body, None)


def access(service):
    [user] = iam_client().keystone_list_users(iam.KeystoneListUsersRequest(name="ci-bot")).users
    organization = {"namespace": "team-a"}
    for names, create, created, show, update, delete in [
        (
            organization,
            (service.create_namespace_auth, swr.CreateNamespaceAuthRequest),
            200,
            (service.show_namespace_auth, swr.ShowNamespaceAuthRequest),
            (service.update_namespace_auth, swr.UpdateNamespaceAuthRequest),
            (service.delete_namespace_auth, swr.DeleteNamespaceAuthRequest),
        ),
        (
            NAMES,
            (service.create_user_repository_auth, swr.CreateUserRepositoryAuthRequest),
            201,
            (service.show_user_repository_auth, swr.ShowUserRepositoryAuthRequest),
            (service.update_user_repository_auth, swr.UpdateUserRepositoryAuthRequest),
            (service.delete_user_repository_auth, swr.DeleteUserRepositoryAuthRequest),
        ),
    ]:
        def call(operation, body=None):
            method, request = operation
            return method(request(**names) if body is None else request(**names, body=body))

        def levels():
            others = call(show).others_auths or []
            return {found.user_name: found.auth for found in others}

        before = levels()
        grant = swr.UserAuth(user_id=user.id, user_name="ci-bot", auth=1)
        equal(call(create, [grant]).status_code, created)
        refused(409, lambda body: call(create, body), [grant])
        equal(levels(), {**before, "ci-bot": 1})
        equal(call(update, [swr.UserAuth(user_id=user.id, user_name="ci-bot", auth=3)]).status_code, 201)
        equal(levels(), {**before, "ci-bot": 3})
        equal(call(delete, [user.id]).status_code, 204)
        equal(levels(), before)


def shares(service):
    body = swr.UpdateRepoRequestBody(is_public=False, category="other", description="")
    equal(service.update_repo(swr.UpdateRepoRequest(**NAMES, body=body)).status_code, 201)
    one = {**NAMES, "access_domain": "partner-co"}
    until = "2099-12-31T16:00:00.000Z"
    body = swr.CreateRepoDomainsRequestBody(access_domain="partner-co", permit="read", deadline=until, description="d")
    equal(service.create_repo_domains(swr.CreateRepoDomainsRequest(**NAMES, body=body)).status_code, 201)
    refused(409, service.create_repo_domains, swr.CreateRepoDomainsRequest(**NAMES, body=body))
    shown = service.show_access_domain(swr.ShowAccessDomainRequest(**one))
    equal((shown.exist, shown.deadline, shown.status), (True, "2099-12-31T16:00:00Z", True))
    body = swr.UpdateRepoDomainsRequestBody(permit="read", deadline="forever", description="")
    equal(service.update_repo_domains(swr.UpdateRepoDomainsRequest(**one, body=body)).status_code, 201)
    [share] = service.list_repo_domains(swr.ListRepoDomainsRequest(**NAMES)).body
    equal((share.access_domain, share.permit, share.deadline), ("partner-co", "read", "forever"))
    request = swr.ListSharedReposDetailsRequest(center="self", limit="100", offset="0")
    equal([found.name for found in service.list_shared_repos_details(request).body], ["group/app"])
    equal(service.delete_repo_domains(swr.DeleteRepoDomainsRequest(**one)).status_code, 204)
    equal(service.show_access_domain(swr.ShowAccessDomainRequest(**one)).exist, False)


def retentions(service):
    tags = service.list_repository_tags(swr.ListRepositoryTagsRequest(**NAMES, limit="100", offset="0"))
    equal((tags.body, tags.content_range), (None, "0-0/0"))
    def body(number):
        selectors = [swr.TagSelector(kind="label", pattern="latest"), swr.TagSelector(kind="regexp", pattern="^v2.*")]
        rule = swr.Rule(template="tag_rule", params={"num": number}, tag_selectors=selectors)
        return swr.CreateRetentionRequestBody(algorithm="or", rules=[rule])
    created = service.create_retention(swr.CreateRetentionRequest(**NAMES, body=body("20")))
    equal(created.status_code, 201)
    [policy] = service.list_retentions(swr.ListRetentionsRequest(**NAMES)).body
    equal((policy.id, policy.algorithm, policy.rules[0].params), (created.id, "or", {"num": "20"}))
    equal([selector.kind for selector in policy.rules[0].tag_selectors], ["label", "regexp"])
    one = {**NAMES, "retention_id": policy.id}
    change = swr.UpdateRetentionRequestBody(algorithm="or", rules=body("10").rules)
    equal(service.update_retention(swr.UpdateRetentionRequest(**one, body=change)).status_code, 201)
    equal(service.show_retention(swr.ShowRetentionRequest(**one)).rules[0].params, {"num": "10"})
    equal(service.list_retention_histories(swr.ListRetentionHistoriesRequest(**NAMES)).total, 0)
    equal(service.delete_retention(swr.DeleteRetentionRequest(**one)).status_code, 200)
    refused(400, service.delete_retention, swr.DeleteRetentionRequest(**one))
    equal(service.list_retentions(swr.ListRetentionsRequest(**NAMES)).body, None)


def copies(service):
    request = swr.ShowSyncJobRequest(**NAMES, filter="limit::100|offset::0|order::desc")
    listed = service.show_sync_job(request)
    equal((listed.body, listed.content_range), (None, "0-0/0"))
    # Another client pushes v1 right before this.
    body = swr.CreateManualImageSyncRepoRequestBody(**RULE, image_tag=["v1", "unknown"], override=False)
    copied = service.create_manual_image_sync_repo(swr.CreateManualImageSyncRepoRequest(**NAMES, body=body))
    equal((copied.status_code, copied.body), (200, None))
    listed = service.show_sync_job(request)
    [job] = listed.body
    equal((job.repo_name, job.tag, job.override), ("group/app", "v1", False))
    equal((job.remote_region_id, job.remote_namespace), ("cn-east-3", "team-b"))
    equal(job.status in ("waiting", "running", "success"), True)
    equal((job.sync_operator_name, job.domain_name, job.namespace), ("emulator", "emulator", "team-a"))
    equal((bool(job.id), bool(job.created_at), bool(job.updated_at)), (True, True, True))
    refused(400, service.show_sync_job, swr.ShowSyncJobRequest(**NAMES, filter="limit::100"))


def deletions(service):
    refused(406, service.delete_namespaces, swr.DeleteNamespacesRequest(namespace="team-a"))
    equal(service.delete_repo(swr.DeleteRepoRequest(**NAMES)).status_code, 204)
    refused(404, service.delete_repo, swr.DeleteRepoRequest(**NAMES))
    equal(service.delete_namespaces(swr.DeleteNamespacesRequest(namespace="team-a")).status_code, 204)
    equal(service.list_namespaces(swr.ListNamespacesRequest()).namespaces, [])


def mirrors(service):
    shown = service.show_remote_mirror(codearts.ShowRemoteMirrorRequest(repository_id=123))
    equal((shown.repository_id, shown.url, shown.update_status), (123, "https://git.example.com/app.git", "none"))
    body = codearts.RemoteMirrorUpdateBody(url=URL, sync_branch_type="all", mirroring_enabled=True)
    updated = service.update_repository_remote_mirror(
        codearts.UpdateRepositoryRemoteMirrorRequest(repository_id=123, body=body)
    )
    equal((updated.url, updated.sync_branch_type, updated.mirroring_enabled), (URL, "all", True))
    request = codearts.StartRemoteMirrorSynchronizationRequest(repository_id=123)
    equal(len(service.start_remote_mirror_synchronization(request).jid), 36)
    request.body = codearts.RemoteMirrorSyncInfoDto(username="", password="", endpoint_uuid="", force_fetch=True)
    equal(len(service.start_remote_mirror_synchronization(request).jid), 36)
    refused(404, service.show_remote_mirror, codearts.ShowRemoteMirrorRequest(repository_id=124))
    body = codearts.RemoteMirrorDto(url=URL)
    request = codearts.AssociateRemoteMirrorRequest(repository_id=124, body=body)
    equal(service.associate_remote_mirror(request).url, URL)


def git_repositories(service, service_v3):
    listed = service.list_current_user_repositories(codearts.ListCurrentUserRepositoriesRequest(limit=100)).body
    equal(sorted((found.id, found.name) for found in listed), [(123, "app"), (124, "plain")])
    shown = service.show_repository(codearts.ShowRepositoryRequest(repository_id=123))
    equal((shown.id, shown.name), (123, "app"))
    request = codearts.ListProjectRepositoriesRequest(project_id=shown.project_id, limit=100)
    equal(len(service.list_project_repositories(request).body), 2)
    branches = service.list_branches(codearts.ListBranchesRequest(repository_id=123)).body
    equal([branch.name for branch in branches], ["master"])
    found = service_v3.list_user_all_repositories(ListUserAllRepositoriesRequest()).result
    equal(found.total, 2)


def iam_client():
    credentials = GlobalCredentials(ACCESS_KEY, SECRET_KEY).with_iam_endpoint(ENDPOINT)
    return iam.IamClient.new_builder().with_credentials(credentials).with_endpoint(ENDPOINT).build()


def logins():
    service = iam_client()
    [domain] = service.keystone_list_auth_domains(iam.KeystoneListAuthDomainsRequest()).domains
    equal(domain.name, "emulator")
    [project] = service.keystone_list_projects(iam.KeystoneListProjectsRequest(name=REGION)).projects
    equal((project.name, project.domain_id), (REGION, domain.id))
    user = iam.PwdPasswordUser(name=ACCESS_KEY, password=SECRET_KEY, domain=iam.PwdPasswordUserDomain(name=domain.name))
    identity = iam.PwdIdentity(methods=["password"], password=iam.PwdPassword(user=user))
    scope = iam.AuthScope(project=iam.AuthScopeProject(name=REGION))
    body = iam.KeystoneCreateUserTokenByPasswordRequestBody(auth=iam.PwdAuth(identity=identity, scope=scope))
    request = iam.KeystoneCreateUserTokenByPasswordRequest(body=body)
    issued = service.keystone_create_user_token_by_password(request)
    equal((issued.status_code, bool(issued.x_subject_token)), (201, True))
    user.password = "wrong"
    refused(401, service.keystone_create_user_token_by_password, request)


def main():
    logins()
    images = client(swr.SwrClient)
    for operations in (organizations, repositories, rules, access, shares, retentions, copies, deletions):
        operations(images)
    refused(401, client(swr.SwrClient, "wrong").list_namespaces, swr.ListNamespacesRequest())
    git = client(codearts.CodeArtsRepoClient)
    git_repositories(git, client(CodeArtsRepoClientV3))
    mirrors(git)


main()
