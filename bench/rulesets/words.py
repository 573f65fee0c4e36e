"""The words of the generated rules: calls of AWS as CloudTrail names them, and what the rest is put together from."""

# Calls that accounts make all day. A rule on one of them asks for something rare beside it.
BUSY = """
kms Decrypt Encrypt GenerateDataKey
ec2 DescribeRouteTables DescribeInstances GetPasswordData DescribeNatGateways DescribeVpcAttribute DescribeSubnets
ec2 DescribeInstanceAttribute DescribeAccountAttributes DescribeVpcs DescribeVolumes DescribeAvailabilityZones
ec2 DescribeSecurityGroups DescribeAddresses DescribeVolumeStatus DescribeNetworkAcls DescribeImages
sts AssumeRole GetCallerIdentity
ssm DescribeInstanceInformation DescribeParameters GetParameter ListTagsForResource DeleteParameter PutParameter
iam GetUser ListAttachedRolePolicies ListRolePolicies GetRole
secretsmanager GetSecretValue GetResourcePolicy DescribeSecret
s3 GetBucketAcl GetBucketLogging GetBucketPublicAccessBlock GetBucketTagging GetBucketPolicy GetBucketVersioning
s3 GetBucketLifecycle GetBucketCors GetBucketReplication GetBucketEncryption GetBucketWebsite GetBucketLocation
rds DescribeDBInstances DescribeDBEngineVersions
"""

# Calls that rules are usually about.
KNOWN = """
kms CreateKey PutKeyPolicy DescribeKey ScheduleKeyDeletion DisableKey
ec2 RunInstances CreateVpc DeleteRouteTable ModifyImageAttribute ModifySnapshotAttribute CreateRoute DeleteVpc
ec2 AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress ModifyInstanceAttribute DeleteFlowLogs CreateSnapshot
ec2 StopInstances TerminateInstances CreateImage CreateKeyPair CreateTrafficMirrorSession GetConsoleScreenshot
ec2 EnableSerialConsoleAccess ReplaceIamInstanceProfileAssociation CreateInstanceExportTask DeleteNetworkAclEntry
ec2 CreateNetworkAclEntry GetLaunchTemplateData DisableEbsEncryptionByDefault ImportKeyPair CreateVpcPeeringConnection
sts GetFederationToken GetSessionToken AssumeRoleWithSAML AssumeRoleWithWebIdentity
ssm SendCommand StartSession ResumeSession StartAutomationExecution GetParameters CreateDocument ModifyDocumentPermission
iam CreateRole AttachRolePolicy PutRolePolicy CreateUser CreateAccessKey CreateLoginProfile UpdateLoginProfile
iam UpdateAssumeRolePolicy DeactivateMFADevice AddUserToGroup AttachUserPolicy AttachGroupPolicy CreatePolicyVersion
iam SetDefaultPolicyVersion PutUserPolicy PutGroupPolicy UpdateSAMLProvider DeleteRolePermissionsBoundary CreatePolicy
iam GetAccountAuthorizationDetails UpdateAccountPasswordPolicy DeleteVirtualMFADevice AddRoleToInstanceProfile
secretsmanager CreateSecret PutSecretValue DeleteSecret BatchGetSecretValue ListSecrets PutResourcePolicy
s3 DeleteBucket PutBucketPolicy PutBucketAcl GetObject PutBucketLifecycle PutBucketPublicAccessBlock PutObjectAcl
s3 DeleteBucketPolicy PutBucketReplication PutAccountPublicAccessBlock CopyObject PutBucketVersioning CreateBucket
rds ModifyDBSnapshotAttribute ModifyDBInstance DeleteDBInstance StartExportTask DeleteGlobalCluster ModifyActivityStream
rds CreateDBSnapshot DeleteDBCluster ModifyDBClusterSnapshotAttribute AuthorizeDBSecurityGroupIngress
lambda CreateFunction20150331 UpdateFunctionCode20150331v2 AddPermission20150331v2 UpdateFunctionConfiguration20150331v2
lambda CreateEventSourceMapping20150331 CreateFunctionUrlConfig DeleteFunction20150331
cloudtrail StopLogging DeleteTrail UpdateTrail PutEventSelectors CreateTrail LookupEvents
signin ConsoleLogin CheckMfa GetSigninToken
guardduty DeleteDetector UpdateDetector CreateIPSet DeleteMembers StopMonitoringMembers DisassociateMembers
config StopConfigurationRecorder DeleteConfigRule DeleteConfigurationRecorder DeleteDeliveryChannel
organizations LeaveOrganization ListAccounts InviteAccountToOrganization
securityhub DeleteMembers DisableSecurityHub BatchDisableStandards
eks AssociateAccessPolicy CreateAccessEntry DescribeCluster UpdateClusterConfig
ecr PutImage SetRepositoryPolicy DescribeImageScanFindings GetAuthorizationToken CreateRepository DeleteRepository
wafv2 UpdateIPSet DeleteRuleGroup DeleteWebACL
logs DeleteLogGroup DeleteLogStream PutRetentionPolicy
events DeleteRule DisableRule RemoveTargets
monitoring DeleteAlarms DisableAlarmActions
bedrock InvokeModel PutFoundationModelEntitlement DeleteModelInvocationLoggingConfiguration
ses VerifyEmailIdentity UpdateAccountSendingEnabled PutAccountDetails DeleteIdentity
route53 CreateHostedZone ChangeResourceRecordSets
elasticfilesystem DeleteFileSystem DeleteMountTarget ModifyMountTargetSecurityGroups
rolesanywhere CreateTrustAnchor CreateProfile
"""

# Services whose calls are made up from VERBS and NOUNS.
SERVICES = """
access-analyzer acm airflow amplify app-integrations appconfig appflow application-autoscaling applicationinsights
apprunner appstream athena auditmanager backup backup-gateway batch braket budgets cassandra chatbot chime cleanrooms
cloud9 clouddirectory cloudformation cloudsearch codeartifact codebuild codecommit codedeploy codeguru-reviewer
codepipeline codestar-connections cognito-identity cognito-idp comprehend connect controltower cur dataexchange
datapipeline dax deeplens detective devicefarm directconnect dlm dms docdb-elastic drs ds dynamodb ebs elasticache
elasticbeanstalk elasticmapreduce emr-containers emr-serverless entityresolution finspace firehose fis fms forecast
frauddetector fsx gamelift globalaccelerator grafana greengrass groundstation healthlake imagebuilder inspector2 iot
iotevents iotsitewise ivs kafka kafkaconnect kendra kinesis kinesisanalytics kinesisvideo lakeformation lex
license-manager location lookoutmetrics m2 macie2 managedblockchain mediaconvert medialive mediapackage memorydb mgn
migrationhub mobiletargeting mq neptune network-firewall networkmanager nimble omics opsworks outposts panorama payments
personalize pipes polly profile proton qldb rbin redshift redshift-serverless rekognition resiliencehub
resource-groups robomaker rum schemas sdb secretsvault serverlessrepo servicediscovery shield signer simspaceweaver
snowball states storagegateway supportapp swf synthetics tagging textract timestream transcribe translate verifiedpermissions
voiceid vpc-lattice wellarchitected wisdom workdocs worklink workmail workspaces workspaces-web
""".split()

VERBS = """Create Delete Update Put Modify Attach Detach Enable Disable Start Stop Register Deregister Associate
Disassociate Import Export Share Revoke Grant Batch Cancel Restore Copy Tag Untag Invite Accept Reset Rotate Publish
Purge Describe List Get""".split()

ADJECTIVES = """Access Account Alias Alarm Archive Asset Backup Channel Cluster Code Connection Data Default Delivery
Domain Edge Endpoint Environment Event Fleet Global Graph Group Image Index Instance Job Key Lifecycle Managed Model
Network Notification Origin Package Parameter Partition Peer Pipeline Policy Pool Private Project Proxy Public Queue
Record Region Replica Reserved Resource Role Scheduled Schema Security Service Shared Snapshot Stack Stream Subnet
Table Task Template Trusted User Virtual Workflow Workspace""".split()

NOUNS = """Attachment Attribute Binding Certificate Configuration Connector Consumer Definition Deployment Destination
Entry Export Filter Firewall Gateway Grant Handler Identity Integration Interface Invitation Limit Link Listener Mapping
Member Membership Monitor Object Option Permission Profile Provider Quota Recorder Registration Replication Repository
Request Route Rule Schedule Secret Session Set Settings Source Standard Store Subscription Target Threshold Trigger
Trust Validator Version Volume Window""".split()

PROJECTS = """atlas aurora badger beacon billing catalog checkout compass copper crane delta denali ember falcon finch
forge harbor heron indigo ivory jasper juniper kestrel lagoon ledger linden lumen marlin meadow mercury mosaic nimbus
nova obsidian onyx orchard orders osprey payments pelican phoenix pioneer prairie quartz raven reports ridge saffron
sequoia sierra slate sparrow summit tundra umbra vega vertex walnut warehouse willow zephyr zircon""".split()

STAGES = ["prod", "staging", "dev", "test", "dr", "sandbox", "shared", "ops"]
PEOPLE = """ada alan barbara bjarne claude dennis donald edsger emmy frances grace guido hedy ivan james jean joan john
ken larry linus margaret niklaus radia rob robin ron shafi sophie stephen tim tony vint whitfield""".split()
ROBOTS = """deploy backup terraform ansible jenkins github-actions gitlab-runner spinnaker argo packer vault atlantis
crossplane karpenter datadog-integration prisma wiz-scanner inventory cost-report restore-drill""".split()

TOOLS = """kali parrot pentoo pacu cloudgoat prowler ScoutSuite cloudsploit enumerate-iam weirdAAL S3Scanner trufflehog
gitleaks nuclei sqlmap Nmap masscan nikto gobuster feroxbuster wfuzz metasploit CobaltStrike sliver mythic empire
python-requests/2.6 Go-http-client/1.0 curl/7.2 Wget/1.1 PostmanRuntime okhttp/3.1 rclone s5cmd CloudBerry Cyberduck
aws-sdk-perl Ruby/1.8 aws-sdk-php/2 Boto/2.4 Botocore/0.9""".split()

ERRORS = """AccessDeniedException UnauthorizedOperation Client.UnauthorizedAccess InvalidClientTokenId ExpiredToken
SignatureDoesNotMatch AuthFailure OptInRequired MalformedPolicyDocumentException LimitExceededException
InvalidUserID.NotFound KMSInvalidStateException DisabledException InvalidAccessKeyId AccountProblem RequestExpired
MissingAuthenticationToken NotAuthorizedException InvalidSignatureException PolicyNotFound""".split()

REGIONS = """us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-central-2 eu-north-1
eu-south-1 ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-east-1 sa-east-1
ca-central-1 me-south-1 me-central-1 af-south-1 il-central-1""".split()

PORTS = [21, 22, 23, 25, 135, 445, 1433, 1521, 2375, 3306, 3389, 5432, 5601, 5900, 6379, 8080, 9200, 11211, 27017]

# Used by name in rule files; spelled out in the neutral form.
LISTS = {
    "office": ["198.51.100.0/24", "203.0.113.64/26", "192.0.2.0/25", "2001:db8:10::/48"],
    "vpn": ["100.64.12.0/22", "198.18.4.0/23", "100.127.0.7/32"],
    "partners": [f"{4410_0000_0000 + place * 7_393_913:012d}" for place in range(24)],
    "admins": [f"{name}-admin" for name in PEOPLE[:20]],
}


def calls(table):
    rows = (line.split() for line in table.strip().splitlines())
    return [(row[0], name) for row in rows for name in row[1:]]


BUSY_CALLS = calls(BUSY)
KNOWN_CALLS = calls(KNOWN)
