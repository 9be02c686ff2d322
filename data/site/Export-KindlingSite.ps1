# SPDX-License-Identifier: GPL-3.0-or-later
# Writes what media of Kindling must know of a site into one file, for "kindlingctl site import".
# Run it in an elevated Windows PowerShell on the primary site server. It only reads, and exports
# no private key:  .\Export-KindlingSite.ps1 -SiteCode ABC -RootCACertificate C:\pki\root.cer
param (
  [Parameter(Mandatory = $true)] [ValidatePattern('^[A-Za-z0-9]{3}$')] [string] $SiteCode,
  [string] $Path = "$SiteCode.ini",
  [string] $OrganizationName,
  [string[]] $RootCACertificate,  # .cer files; needed where a management point uses HTTPS
  [switch] $Dynamic               # all management points as a list, not the first one alone
)
$ErrorActionPreference = 'Stop'
$wmi = @{ Namespace = "root\SMS\site_$SiteCode" }
$lines = @('[Site]', "SiteCode=$SiteCode")

$item = 'SMS_MP_CONTROL_MANAGER|SMS Management Point'
$component = Get-CimInstance @wmi -ClassName SMS_SCI_Component `
  -Filter "SiteCode='$SiteCode' AND FileType=2 AND ItemName='$item'"
foreach ($port in @{ Key = 'HTTPPort'; Name = 'IISPortsList' },
                  @{ Key = 'HTTPSPort'; Name = 'IISSSLPortsList' }) {
  $value = ($component.Props | Where-Object PropertyName -eq $port.Name).Value1
  if ($value) { $lines += "$($port.Key)=$(($value -split ',')[0])" }
}

$points = @(Get-CimInstance @wmi -ClassName SMS_SCI_SysResUse `
  -Filter "SiteCode='$SiteCode' AND RoleName='SMS Management Point'" | ForEach-Object {
    $scheme = if ($_.SslState -in 1, 3) { 'https' } else { 'http' }
    "${scheme}://$($_.NetworkOSPath.TrimStart('\'))"
  })
if ($Dynamic) { $lines += "ManagementPoints=$($points -join ';');" }
elseif ($points) { $lines += "ManagementPoint=$($points[0])" }

Get-CimInstance @wmi -ClassName SMS_R_UnknownSystem |
  Where-Object { $_.SiteCode -eq $SiteCode -and -not $_.Decommissioned } | ForEach-Object {
    if ($_.Name -match '^(x64|x86|arm64)') {
      $lines += "UnknownComputer$($Matches[1].ToUpper())=$($_.SMSUniqueIdentifier -replace '^GUID:')"
    }
  }

$setup = (Get-ItemProperty 'HKLM:\SOFTWARE\Microsoft\SMS\Setup').'Installation Directory'
$key = Get-ChildItem (Join-Path $setup 'bin') -Recurse -Filter mobileclient.tcf |
  Select-String -Pattern '^\s*SMSPublicRootKey=([0-9A-Fa-f]+)' | Select-Object -First 1
if ($key) { $lines += "PublicRootKey=$($key.Matches[0].Groups[1].Value)" }
if ($OrganizationName) { $lines += 'OrganizationName=' + $OrganizationName.Replace('\', '\\') }

$lines += '[Certificates]'
$signing = Get-ChildItem Cert:\LocalMachine\SMS | Sort-Object NotAfter |
  Where-Object FriendlyName -eq 'Site Server Signing Certificate' | Select-Object -Last 1
if ($signing) { $lines += 'SiteSigningCertificate=' + [Convert]::ToBase64String($signing.RawData) }
$roots = foreach ($file in $RootCACertificate) {
  $root = [Security.Cryptography.X509Certificates.X509Certificate]::new((Resolve-Path $file).Path)
  [Convert]::ToBase64String($root.GetRawCertData())
}
if ($roots) { $lines += "RootCACertificates=$($roots -join ';')" }

$target = $ExecutionContext.SessionState.Path.GetUnresolvedProviderPathFromPSPath($Path)
[IO.File]::WriteAllLines($target, [string[]] $lines)
"Wrote $target"
